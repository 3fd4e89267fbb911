"""Makes the keys that sign and verify tokens.

It reads the JWT settings, PEM files and JWKS URLs; ``Key`` objects come out, each bound to the algorithms that its type
and size allow. Open ``key_settings`` for which settings name a key, ``jwt_keys`` for what a key may be used for,
``key_material`` for how keys are loaded, and ``jwks`` for how published keys are fetched.
"""
