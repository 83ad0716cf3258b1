//! The user within the signed payload of Django's session backends.

