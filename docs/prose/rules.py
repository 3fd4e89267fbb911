"""The style sheet of CONTRIBUTING.md as checks of proselint, and which of proselint's own checks apply."""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    """A regular expression for what the style sheet forbids, and what to write instead."""

    pattern: str
    instead: str

    @property
    def expression(self) -> str:
        """Returns the pattern, whose words may also be on two lines."""
        return self.pattern.replace(" ", r"\s+")


_AN = r"(?!doubt\b|longer\b|more\b|less\b|fewer\b|different\b|other\b|one\b|need\b|way\b|reason\b|such\b|index\b)"
_NOUN = r"(?!(?:by|for|that|to|as|and|or|with|in|where|which)\b)\w+"

RULES = (
    Rule(r"\b(?:stands|stand|stood|standing)\b(?!-| beside| alone)", "“means”, “is”, “replaces” or “comes”"),
    Rule(r"\b(?:is|are|was|were|be|been|being) told\b", "“gets”, “learns” or “receives”"),
    Rule(r"\bhas a say\b", "“matters” or “decides”"),
    Rule(rf"(?<!\b[Tt]here\s)\b(?:is|was|are|were) no {_AN}\w+", "“isn't a …” or “is not a valid …”"),
    Rule(r"\b(?:whoever|whomever)\b", "“anyone who …”, or the role: “the caller”"),
    Rule(r"\basked of\b", "“required from”"),
    Rule(r"\b(?:by|with) \S+ means\b|\bby means of\b", "“with”"),
    Rule(r"(?<!\bfor)(?<!\bof)(?<!\breport)(?<!\babout) each(?=[.,;:)])", "“each …” before the noun"),
    Rule(r"\bThere are:|\bthere are: ", "“The known ones are …”"),
    Rule(r"(?:, |\()that is[,:]", "“: …”, or a second sentence"),
    Rule(rf"\bof (?:its|their|your|one's|my|our|his|her|the \w+'s) own\b(?! {_NOUN})", "“its own …” or “separate”"),
    Rule(r"\b(?:nobody|somebody|anybody)\b", "“no one” or the role: “no client”, “another user”"),
    Rule(r"\b(?:by|for|with|to|of|from) who (?!is\b|has\b)\w+s\b", "the role: “by the caller”"),
    Rule(r"\bif it is meant so\b|\bis meant so\b", "“if that is intended”"),
    Rule(r"\b(?:upon|hereby|thereof|therein|thereby|wherein|whereby|henceforth|hence|thus)\b", "a plain word"),
    Rule(r"\bhas to be\b|\bhave to be\b", "“must be”"),
    Rule(r"\bin (?:its|their) place\b|\bin the place of\b", "“instead” or “instead of”"),
    Rule(r"\bhas to know\b", "“must know”"),
    Rule(r"\b(?:is|are|was|were) (?:there|gone) already\b", "“already exists”, “was already gone”"),
    Rule(r"\bother \w+ than\b", "“different … from”, “… other than”"),
    Rule(r"\btells(?=[.;,)])", "“shows that”, “says so”"),
    Rule(r"\b[Cc]alls? of (?:DynamoDB|(?:an)?other services?)\b", "“a call to …”"),
    Rule(r"\bwhich of it\b", "“which part of it”"),
    Rule(r"\b(?:shall|needn't|oughtn't)\b", "“must”, “don't need to” or “must not”"),
    Rule(r"\b(?:utilize|utilise|leverage|in order to|prior to|subsequent to|in case of)\b", "a plain word"),
)

#: Checks of proselint that say something about technical English; the others are about newspapers and typography.
PROSELINT = (
    "archaism",
    "cliches",
    "hedging",
    "lexical_illusions",
    "malapropisms",
    "mixed_metaphors",
    "mondegreens",
    "needless_variants",
    "nonwords",
    "oxymorons",
    "redundancy",
    "skunked_terms",
    "spelling",
    "uncomparables",
    "weasel_words",
)
