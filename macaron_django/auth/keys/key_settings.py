"""Reads the keys in ``MACARON["JWT"]``, and reports what is wrong with those settings.

A key that is too short for an algorithm (RFC 7518, sections 3.2 and 3.3) can't sign or verify with that algorithm.
``configuration_problems`` reports such a key before any request is served.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from macaron_django.auth.keys.jwks import JWKS, jwks_at
from macaron_django.auth.keys.jwt_keys import ALGORITHMS, HMAC_SIZES, RSA_BITS, Key, UnusableKeyError
from macaron_django.conf import Section, settings

__all__ = [
    "ConfigurationProblem",
    "can_verify",
    "configuration_problems",
    "fetch_published_keys",
    "short_secret",
    "signing_key",
    "verification_keys",
]

_HMAC_SETTING = 'MACARON["JWT"]["SECRET"]'
USER_MAPPINGS = ("none", "lookup", "create")


@dataclass(frozen=True)
class ConfigurationProblem:
    """A setting that makes authentication impossible or insecure. ``level`` is "error" or "warning"."""

    setting: str
    fault: str
    hint: str
    level: str = "error"

    @property
    def message(self) -> str:
        """A sentence that names the setting and says what is wrong with it."""
        return f"{self.setting} {self.fault}"

    def __str__(self) -> str:
        return f"{self.message} {self.hint}"


Configured = tuple[Sequence[Key], Sequence[ConfigurationProblem]]


def _bytes(value: object) -> bytes:
    if isinstance(value, str):
        try:
            return value.strip().encode() if "-----BEGIN" in value else value.encode()
        except UnicodeEncodeError:  # the value of an environment variable that isn't UTF-8
            raise UnusableKeyError("can't be encoded as UTF-8") from None
    if isinstance(value, bytes):
        return value
    raise UnusableKeyError(f"is a {type(value).__name__}; it must be str or bytes")


def _configured(options: Section) -> Configured:
    """Returns the keys in SECRET, KEYS and SIGNING_KEY that fit an allowed algorithm, and the problems with any key."""
    given = (
        options.SECRET,
        tuple((options.KEYS or {}).items()),
        options.SIGNING_KEY,
        options.SIGNING_KID,
        tuple(options.ALGORITHMS),
        bool(options.ALLOW_SHORT_SECRET),
    )
    try:
        hash(given)
    except TypeError:  # a value that can't be a key
        return _read(*given)
    return _read_once(*given)


def _read(
    secret: object,
    named: Iterable[tuple[str, object]],
    signing: object,
    signing_kid: str | None,
    allowed: Sequence[str],
    allow_short: bool,
) -> Configured:
    entries: list[tuple[str | None, str, object]] = []
    if secret is not None:
        entries.append((None, _HMAC_SETTING, secret))
    entries += [(kid, f'MACARON["JWT"]["KEYS"][{kid!r}]', value) for kid, value in named]
    if signing is not None:
        entries.append((signing_kid, 'MACARON["JWT"]["SIGNING_KEY"]', signing))
    if not entries:
        return (), ()
    # Imported here, because it imports PyJWT and cryptography.
    from macaron_django.auth.keys.key_material import load_key, with_any_size

    keys: list[Key] = []
    problems: list[ConfigurationProblem] = []
    for kid, setting, value in entries:
        try:
            key = replace(load_key(_bytes(value)), kid=kid, setting=setting)
        except UnusableKeyError as error:
            problems.append(ConfigurationProblem(setting, f"{error}.", "Use a secret or a PEM key."))
            continue
        if allow_short and setting == _HMAC_SETTING:
            key = with_any_size(key)
        problem = _misuse(key, allowed)
        if problem:
            problems.append(problem)
        fitting = {name: key.algorithms[name] for name in allowed if name in key.algorithms}
        if fitting and not (setting.endswith('["SECRET"]') and not isinstance(key.verifying, bytes)):
            keys.append(replace(key, algorithms=fitting))
    return tuple(keys), tuple(problems)


_read_once = lru_cache(maxsize=16)(_read)


def _shortness(secret: bytes, allowed: Sequence[str]) -> tuple[str, str]:
    """If a secret is too short for an allowed algorithm, returns a fault and a hint; otherwise two empty texts."""
    least = max((HMAC_SIZES[name] for name in allowed if name in HMAC_SIZES), default=0)
    if len(secret) >= least:
        return "", ""
    fault = (
        f"has {len(secret)} bytes, but the allowed algorithms need {least}: "
        "a shorter secret can be guessed from any token (RFC 7518, section 3.2)."
    )
    return fault, f'Generate a secret with `python -c "import secrets; print(secrets.token_urlsafe({least}))"`.'


def short_secret() -> ConfigurationProblem | None:
    """Returns the problem if SECRET is too short and ALLOW_SHORT_SECRET permits that; otherwise None."""
    options = settings.JWT
    if options.SECRET is None or not options.ALLOW_SHORT_SECRET:
        return None
    try:
        secret = _bytes(options.SECRET)
    except UnusableKeyError:
        return None
    fault, hint = _shortness(secret, options.ALGORITHMS)
    if not fault:
        return None
    return ConfigurationProblem(_HMAC_SETTING, fault, f"{hint} Then remove ALLOW_SHORT_SECRET.", "warning")


def _misuse(key: Key, allowed: Sequence[str]) -> ConfigurationProblem | None:
    fault = hint = ""
    if isinstance(key.verifying, bytes):
        if not set(allowed) & HMAC_SIZES.keys() <= key.algorithms.keys():
            fault, hint = _shortness(key.verifying, allowed)
    elif key.setting.endswith('["SECRET"]'):
        fault, hint = "is a PEM key.", "Put PEM keys under KEYS or SIGNING_KEY."
    elif not key.algorithms:
        fault = "has a size or curve that no JWT algorithm accepts."
        hint = f"Use RSA of {RSA_BITS} bits or more, P-256, P-384, P-521, Ed25519 or Ed448."
    if not fault and not set(key.algorithms) & set(allowed):
        fault = f'fits none of MACARON["JWT"]["ALGORITHMS"] ({", ".join(map(str, allowed))}).'
        hint = f"Allow one of {', '.join(key.algorithms or HMAC_SIZES)}."
    return ConfigurationProblem(key.setting, fault, hint) if fault else None


def verification_keys(options: Section, kid: str | None, algorithm: str) -> list[Key]:
    """Returns the keys that are allowed to verify a token. The best key comes first.

    ``kid`` and ``algorithm`` come from the token's header. If the token names a key, only this key is allowed.
    Otherwise, any key of the right type is allowed. Raises ImproperlyConfigured if no usable key is configured, and
    KeysUnavailable if the JWKS can't be fetched.
    """
    keys, problems = _configured(options)
    if not keys and not options.JWKS_URL:
        raise ImproperlyConfigured(_reason(problems))
    if algorithm not in options.ALGORITHMS:
        return []
    found = [key for key in keys if (kid is None or key.kid == kid) and algorithm in key.algorithms]
    # Published keys aren't secret, so they must never verify HS* tokens.
    if options.JWKS_URL and algorithm not in HMAC_SIZES and (kid is None or not found):
        found += _published(options, kid, algorithm)
    return found


def fetch_published_keys() -> None:
    """Fetches the keys at ``JWKS_URL`` if no recent keys are known. Raises KeysUnavailable if the fetch fails."""
    _jwks(settings.JWT).keys()


def _jwks(options: Section) -> JWKS:
    return jwks_at(options.JWKS_URL, float(options.JWKS_TIMEOUT), float(options.JWKS_MAX_AGE))


def _published(options: Section, kid: str | None, algorithm: str) -> Iterable[Key]:
    from macaron_django.auth.keys.key_material import public_key

    for published in _jwks(options).keys(kid):
        try:
            key = public_key(published.key, published.kid, 'MACARON["JWT"]["JWKS_URL"]')
        except UnusableKeyError:
            continue
        if algorithm in key.algorithms and published.algorithm in (None, algorithm):
            yield replace(key, algorithms={algorithm: key.algorithms[algorithm]})


def signing_key() -> tuple[Key, str]:
    """Returns the key that signs new tokens, and the first allowed algorithm that fits the key.

    The key is SIGNING_KEY, or else ``KEYS[SIGNING_KID]``, or else SECRET. Raises ImproperlyConfigured if there is none.
    """
    options = settings.JWT
    keys, problems = _configured(options)
    if options.SIGNING_KEY is not None:
        wanted = 'MACARON["JWT"]["SIGNING_KEY"]'
    elif options.SIGNING_KID is not None:
        wanted = f'MACARON["JWT"]["KEYS"][{options.SIGNING_KID!r}]'
    else:
        wanted = _HMAC_SETTING
    for key in keys:
        if key.setting == wanted and key.signing is not None:
            return key, next(iter(key.algorithms))
    raise ImproperlyConfigured(
        f"No token can be signed: {wanted} isn't set, or can't sign. "
        + " ".join(map(str, problems))
        + ("" if problems else "Set it to a secret of at least 32 bytes, or to a private PEM key.")
    )


def _reason(problems: Sequence[ConfigurationProblem]) -> str:
    if problems:
        return "No JWT can be verified. " + " ".join(map(str, problems))
    return 'No JWT can be verified: set MACARON["JWT"]["SECRET"], MACARON["JWT"]["KEYS"] or MACARON["JWT"]["JWKS_URL"].'


def can_verify() -> bool:
    """Returns whether the settings have a usable key or a ``JWKS_URL``, so that tokens can be verified."""
    return bool(settings.JWT.JWKS_URL or _configured(settings.JWT)[0])


def configuration_problems() -> list[ConfigurationProblem]:
    """Returns the problems with ``MACARON["JWT"]``; an empty list if JWT isn't set up."""
    options = settings.JWT
    found = (*_problems_of_names(options), *_problems_of_jwks(options), *_problems_of_values(options))
    problems = (ConfigurationProblem(f'MACARON["JWT"]["{name}"]', *more) for name, *more in found)
    return [*_configured(options)[1], *problems]


#: The name of a setting, followed by the fault, the hint and (unless it is "error") the level of a
#: ConfigurationProblem.
_Faults = Iterator[tuple[str, ...]]


def _problems_of_names(options: Section) -> _Faults:
    if isinstance(options.ALGORITHMS, str) or any(name not in ALGORITHMS for name in options.ALGORITHMS):
        hint = f"It must be a tuple of names from {', '.join(ALGORITHMS)}."
        yield "ALGORITHMS", f"is {options.ALGORITHMS!r}.", hint
    kid = options.SIGNING_KID
    if kid is not None and options.SIGNING_KEY is None and kid not in (options.KEYS or {}):
        hint = "Use the name of a key in KEYS, or set SIGNING_KEY to the private key."
        yield "SIGNING_KID", f"is {kid!r}, but no key has that name.", hint


def _problems_of_jwks(options: Section) -> _Faults:
    if not options.JWKS_URL:
        return
    url = urlsplit(str(options.JWKS_URL))
    if url.scheme not in ("http", "https") or not url.hostname:
        yield "JWKS_URL", "isn't an http(s) URL.", "Write the complete URL."
    elif url.scheme == "http" and url.hostname not in ("localhost", "127.0.0.1", "::1"):
        fault = "doesn't use TLS, so anyone on the network path can sign tokens."
        yield "JWKS_URL", fault, "Use https.", "warning"
    if not set(options.ALGORITHMS) - HMAC_SIZES.keys():
        fault = 'publishes public keys, but MACARON["JWT"]["ALGORITHMS"] allows only HMAC.'
        yield "JWKS_URL", fault, 'Set ALGORITHMS, for example to ("RS256",).'


def _problems_of_values(options: Section) -> _Faults:
    if options.USER not in USER_MAPPINGS:
        yield "USER", f"is {options.USER!r}.", 'It must be "none", "lookup" or "create".'
    scope_claims = options.SCOPE_CLAIMS
    if not isinstance(scope_claims, (list, tuple)) or not all(isinstance(name, str) for name in scope_claims):
        yield (
            "SCOPE_CLAIMS",
            f"is {scope_claims!r}.",
            'It must be a tuple of claim names, such as ("scope", "scp").',
        )
    if options.REVOKED is not None:
        try:
            usable = callable(options.REVOKED) or callable(import_string(options.REVOKED))
        except (ImportError, AttributeError, TypeError):
            usable = False
        if not usable:
            fault = f"({options.REVOKED!r}) can't be imported."
            yield "REVOKED", fault, "Use the dotted path of a function whose argument is the payload."
    for name in ("LEEWAY", "EXPIRE_IN", "JWKS_TIMEOUT", "JWKS_MAX_AGE", "MAX_TOKEN_SIZE"):
        value: Any = getattr(options, name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            yield name, f"is {value!r}.", "It must be a number, zero or more."
