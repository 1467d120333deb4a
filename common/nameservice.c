/* The name services of a static build. */

#include "nameservice.h"

#ifdef INETLS_STATIC
#include <nss.h>

void
nameservice_use_built_in(void)
{
	(void)__nss_configure_lookup("passwd", "files");
	(void)__nss_configure_lookup("group", "files");
	(void)__nss_configure_lookup("services", "files");
	(void)__nss_configure_lookup("hosts", "files dns");
}
#else
void
nameservice_use_built_in(void)
{
}
#endif
