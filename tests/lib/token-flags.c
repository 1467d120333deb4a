/*
 * A module of PKCS #11 that is another one, TOKEN_MODULE, whose token says TOKEN_FLAGS (in hex)
 * too: SoftHSM never says that a PIN has few tries left.
 */

#include <dlfcn.h>
#include <stdlib.h>

#include <p11-kit/pkcs11.h>

static CK_FUNCTION_LIST list, *real;

static CK_RV
get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	CK_RV r = real->C_GetTokenInfo(slot, info);

	if (r == CKR_OK)
		info->flags |= strtoul(getenv("TOKEN_FLAGS"), NULL, 16);
	return r;
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	void *module = dlopen(getenv("TOKEN_MODULE"), RTLD_NOW);
	CK_C_GetFunctionList get;

	if (module == NULL)
		return CKR_GENERAL_ERROR;
	get = (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList");
	if (get == NULL || get(&real) != CKR_OK)
		return CKR_GENERAL_ERROR;
	list = *real;
	list.C_GetTokenInfo = get_token_info;
	*out = &list;
	return CKR_OK;
}
