"""Makes the keys that sign and verify tokens.

It reads the JWT settings, PEM files and JWKS URLs; ``Key`` objects come out, each bound to the algorithms that its type
and size allow. To change which settings name a key open ``key_settings``; to change what a key may be used for,
``jwt_keys``; how keys are loaded, ``key_material``; how published keys are fetched, ``jwks``.
"""
