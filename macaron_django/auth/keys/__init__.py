"""Creates the keys that sign and verify tokens.

The keys come from the JWT settings and from JWKS URLs. Each key becomes a ``Key``, which lists the algorithms that the
key's type and size allow. ``key_settings`` reads the settings, ``jwt_keys`` defines ``Key``, ``key_material`` loads
keys, and ``jwks`` fetches published keys.
"""
