/*
 * Linked into the static binary if its C library is glibc. Users, groups and hosts come from
 * /etc/passwd, /etc/group, /etc/hosts and DNS, as with musl, whatever /etc/nsswitch.conf says:
 * its other services are shared libraries, and loading them into a static binary crashes it.
 */
#include <nss.h>

__attribute__((constructor)) static void use_built_in_services(void)
{
	__nss_configure_lookup("passwd", "files");
	__nss_configure_lookup("group", "files");
	__nss_configure_lookup("initgroups", "files");
	__nss_configure_lookup("hosts", "files dns");
}
