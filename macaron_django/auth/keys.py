"""The JWT settings → keys, each bound to the algorithms that its type and size allow.

Binding the algorithm to the key, and never to what a token's header says, is what defeats an HS256 token
"signed" with a public RSA key (RFC 8725, section 2.1). A key that is too short for an algorithm (RFC 7518,
sections 3.2 and 3.3) isn't bound to it, so that it is neither accepted nor used; ``configuration_problems``
says so before anything is served. Nothing here knows of tokens, HTTP or Django REST framework.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from macaron_django.auth.jwks import jwks_at
from macaron_django.conf import Section, settings

if TYPE_CHECKING:
    from jwt.algorithms import Algorithm

    from macaron_django.auth.compact import Parts
    from macaron_django.auth.key_material import PrivateKey, PublicKey

__all__ = ["ConfigurationProblem", "Key", "configuration_problems", "signing_key", "verification_keys"]

#: HMAC algorithm → the least size of its secret, in bytes: that of the hash's output (RFC 7518, section 3.2).
HMAC_SIZES: Mapping[str, int] = {"HS256": 32, "HS384": 48, "HS512": 64}
RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
RSA_BITS = 2048  # RFC 7518, sections 3.3 and 3.5
CURVE_ALGORITHMS: Mapping[str, str] = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
ALGORITHMS = (*HMAC_SIZES, *RSA_ALGORITHMS, *CURVE_ALGORITHMS.values(), "EdDSA")
USER_MAPPINGS = ("none", "lookup", "create")


@dataclass(frozen=True)
class ConfigurationProblem:
    """A setting that makes authentication impossible or weak; ``level`` is "error" or "warning"."""

    setting: str
    message: str
    hint: str
    level: str = "error"

    def __str__(self) -> str:
        return f"{self.message} {self.hint}"


@dataclass(frozen=True)
class Key:
    """A key with the algorithms that it may be used with, by their names; ``kid`` is None for one without a name.

    ``verifying`` is a secret or a public key, ``signing`` a secret, a private key or None; both as PyJWT's algorithms
    take them, with nothing left to prepare. Neither is part of its ``repr``.
    """

    kid: str | None
    setting: str
    algorithms: Mapping[str, Algorithm]
    verifying: bytes | PublicKey = field(repr=False)
    signing: bytes | PrivateKey | None = field(repr=False, default=None)

    def has_signed(self, parts: Parts) -> bool:
        """Whether this key made a token's signature. PyJWT judges that, and compares in constant time."""
        algorithm = self.algorithms.get(parts.algorithm)
        return algorithm is not None and algorithm.verify(parts.signed, self.verifying, parts.signature)


class UnusableKeyError(ValueError):
    """Key material that no key can be made of; says why, and quotes nothing of it."""


def _bytes(value: object) -> bytes:
    if isinstance(value, str):
        try:
            return value.strip().encode() if "-----BEGIN" in value else value.encode()
        except UnicodeEncodeError:  # of an environment variable that isn't UTF-8
            raise UnusableKeyError("isn't text that UTF-8 can hold") from None
    if isinstance(value, bytes):
        return value
    raise UnusableKeyError(f"is a {type(value).__name__}; it must be str or bytes")


Configured = tuple[Sequence["Key"], Sequence["ConfigurationProblem"]]


def _configured(options: Section) -> Configured:
    """Read SECRET, KEYS and SIGNING_KEY: the keys that can be used with an allowed algorithm, and what is wrong."""
    given = (
        options.SECRET,
        tuple((options.KEYS or {}).items()),
        options.SIGNING_KEY,
        options.SIGNING_KID,
        tuple(options.ALGORITHMS),
    )
    try:
        hash(given)
    except TypeError:  # something that is no key
        return _read(*given)
    return _read_once(*given)


def _read(
    secret: object,
    named: Iterable[tuple[str, object]],
    signing: object,
    signing_kid: str | None,
    allowed: Sequence[str],
) -> Configured:
    entries: list[tuple[str | None, str, object]] = []
    if secret is not None:
        entries.append((None, 'MACARON["JWT"]["SECRET"]', secret))
    entries += [(kid, f'MACARON["JWT"]["KEYS"][{kid!r}]', value) for kid, value in named]
    if signing is not None:
        entries.append((signing_kid, 'MACARON["JWT"]["SIGNING_KEY"]', signing))
    if not entries:
        return (), ()
    from macaron_django.auth.key_material import load  # with the first key: it brings PyJWT and cryptography

    keys: list[Key] = []
    problems: list[ConfigurationProblem] = []
    for kid, setting, value in entries:
        try:
            key = replace(load(_bytes(value)), kid=kid, setting=setting)
        except UnusableKeyError as error:
            problems.append(ConfigurationProblem(setting, f"{setting} {error}.", "Give a secret or a PEM key."))
            continue
        problem = _misuse(key, allowed)
        if problem:
            problems.append(problem)
        fitting = {name: key.algorithms[name] for name in allowed if name in key.algorithms}
        if fitting and not (setting.endswith('["SECRET"]') and not isinstance(key.verifying, bytes)):
            keys.append(replace(key, algorithms=fitting))
    return tuple(keys), tuple(problems)


_read_once = lru_cache(maxsize=16)(_read)


def _misuse(key: Key, allowed: Sequence[str]) -> ConfigurationProblem | None:
    if isinstance(key.verifying, bytes):
        needed = [HMAC_SIZES[name] for name in allowed if name in HMAC_SIZES]
        if needed and len(key.verifying) < max(needed):
            return ConfigurationProblem(
                key.setting,
                f"{key.setting} has {len(key.verifying)} bytes, and the algorithms allowed need {max(needed)}: "
                "a shorter secret can be guessed from any token (RFC 7518, section 3.2).",
                f'Make one with `python -c "import secrets; print(secrets.token_urlsafe({max(needed)}))"`.',
            )
    elif key.setting.endswith('["SECRET"]'):
        return ConfigurationProblem(
            key.setting, f"{key.setting} is a PEM key.", "Put PEM keys under KEYS or SIGNING_KEY."
        )
    elif not key.algorithms:
        return ConfigurationProblem(
            key.setting,
            f"{key.setting} is of a size or curve that no JWT algorithm accepts.",
            f"Use RSA of {RSA_BITS} bits or more, P-256, P-384, P-521, Ed25519 or Ed448.",
        )
    if not set(key.algorithms) & set(allowed):
        return ConfigurationProblem(
            key.setting,
            f'{key.setting} fits none of MACARON["JWT"]["ALGORITHMS"] ({", ".join(map(str, allowed))}).',
            f"Allow one of {', '.join(key.algorithms or HMAC_SIZES)}.",
        )
    return None


def verification_keys(options: Section, kid: str | None, algorithm: str) -> list[Key]:
    """List the keys that may verify a token with this header, best first; none if there is no such key.

    A token that names its key is verified with that key only; one that doesn't, with every key of the right
    type. Raises ImproperlyConfigured where no usable key is configured at all, so that nothing is accepted.
    """
    keys, problems = _configured(options)
    if not keys and not options.JWKS_URL:
        raise ImproperlyConfigured(_reason(problems))
    if algorithm not in options.ALGORITHMS:
        return []
    found = [key for key in keys if (kid is None or key.kid == kid) and algorithm in key.algorithms]
    # keys that anybody can download are no secrets: a JWKS never answers for HS*
    if options.JWKS_URL and algorithm not in HMAC_SIZES and (kid is None or not found):
        found += _published(options, kid, algorithm)
    return found


def _published(options: Section, kid: str | None, algorithm: str) -> Iterable[Key]:
    from macaron_django.auth.key_material import public

    jwks = jwks_at(options.JWKS_URL, float(options.JWKS_TIMEOUT), float(options.JWKS_MAX_AGE))
    for published in jwks.keys(kid):
        try:
            key = public(published.key, published.kid, 'MACARON["JWT"]["JWKS_URL"]')
        except UnusableKeyError:
            continue
        if algorithm in key.algorithms and published.algorithm in (None, algorithm):
            yield replace(key, algorithms={algorithm: key.algorithms[algorithm]})


def signing_key() -> tuple[Key, str]:
    """Choose the key that new tokens are signed with, and its algorithm: the first allowed one that fits.

    SIGNING_KEY, else ``KEYS[SIGNING_KID]``, else SECRET. Raises ImproperlyConfigured if there is none.
    """
    options = settings.JWT
    keys, problems = _configured(options)
    if options.SIGNING_KEY is not None:
        wanted = 'MACARON["JWT"]["SIGNING_KEY"]'
    elif options.SIGNING_KID is not None:
        wanted = f'MACARON["JWT"]["KEYS"][{options.SIGNING_KID!r}]'
    else:
        wanted = 'MACARON["JWT"]["SECRET"]'
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
    """Tell whether any key is configured that a token could be verified with."""
    return bool(settings.JWT.JWKS_URL or _configured(settings.JWT)[0])


def configuration_problems() -> list[ConfigurationProblem]:
    """List what is wrong with ``MACARON["JWT"]``; nothing, if JWT isn't set up at all."""
    options = settings.JWT
    problems = list(_configured(options)[1])
    unknown = [name for name in options.ALGORITHMS if name not in ALGORITHMS]
    if unknown or isinstance(options.ALGORITHMS, str):
        problems.append(
            ConfigurationProblem(
                'MACARON["JWT"]["ALGORITHMS"]',
                f'MACARON["JWT"]["ALGORITHMS"] is {options.ALGORITHMS!r}.',
                f"It must be a tuple of names out of {', '.join(ALGORITHMS)}.",
            )
        )
    if (
        options.SIGNING_KID is not None
        and options.SIGNING_KEY is None
        and options.SIGNING_KID not in (options.KEYS or {})
    ):
        problems.append(
            ConfigurationProblem(
                'MACARON["JWT"]["SIGNING_KID"]',
                f'MACARON["JWT"]["SIGNING_KID"] is {options.SIGNING_KID!r}, and no key has that name.',
                "Name a key of KEYS, or give the private key as SIGNING_KEY.",
            )
        )
    return problems + _jwks_problems(options) + _value_problems(options)


def _jwks_problems(options: Section) -> list[ConfigurationProblem]:
    if not options.JWKS_URL:
        return []
    setting, problems = 'MACARON["JWT"]["JWKS_URL"]', []
    url = urlsplit(str(options.JWKS_URL))
    if url.scheme not in ("http", "https") or not url.hostname:
        problems.append(ConfigurationProblem(setting, f"{setting} isn't an http(s) URL.", "Give the whole URL."))
    elif url.scheme == "http" and url.hostname not in ("localhost", "127.0.0.1", "::1"):
        problems.append(
            ConfigurationProblem(
                setting,
                f"{setting} is fetched without TLS: who sits in between can sign tokens.",
                "Use https.",
                level="warning",
            )
        )
    if not set(options.ALGORITHMS) - HMAC_SIZES.keys():
        problems.append(
            ConfigurationProblem(
                setting,
                f'{setting} publishes public keys, and MACARON["JWT"]["ALGORITHMS"] allows HMAC only.',
                'Set ALGORITHMS, for example to ("RS256",).',
            )
        )
    return problems


def _value_problems(options: Section) -> list[ConfigurationProblem]:
    problems = []
    if options.USER not in USER_MAPPINGS:
        problems.append(
            ConfigurationProblem(
                'MACARON["JWT"]["USER"]',
                f'MACARON["JWT"]["USER"] is {options.USER!r}.',
                'It must be "none", "lookup" or "create".',
            )
        )
    if options.REVOKED is not None:
        try:
            usable = callable(options.REVOKED) or callable(import_string(options.REVOKED))
        except (ImportError, AttributeError, TypeError):
            usable = False
        if not usable:
            problems.append(
                ConfigurationProblem(
                    'MACARON["JWT"]["REVOKED"]',
                    f'MACARON["JWT"]["REVOKED"] ({options.REVOKED!r}) can\'t be imported.',
                    "Give the dotted path of a function that takes the payload.",
                )
            )
    for name in ("LEEWAY", "EXPIRE_IN", "JWKS_TIMEOUT", "JWKS_MAX_AGE", "MAX_TOKEN_SIZE"):
        value: Any = getattr(options, name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            problems.append(
                ConfigurationProblem(
                    f'MACARON["JWT"]["{name}"]',
                    f'MACARON["JWT"]["{name}"] is {value!r}.',
                    "It must be a number, zero or more.",
                )
            )
    return problems
