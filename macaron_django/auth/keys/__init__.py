"""Makes the keys that sign and verify tokens.

The keys come from the JWT settings and from JWKS URLs. Each key becomes a ``Key``, which is bound to the algorithms
that its type and size allow. ``key_settings`` reads the settings, ``jwt_keys`` defines ``Key``, ``key_material`` loads
keys, and ``jwks`` fetches published keys.
"""
