/*
 * Stands in for p11-kit in a static link, since Debian has no libp11-kit.a.  Every call fails, so
 * there is no PKCS#11; a LINK=shared build has it.  This is safe because GnuTLS checks every
 * result.
 */

#define NOTHING(name)     \
	void *name(void); \
	void *name(void)  \
	{                 \
		return 0; \
	}

/*
 * p11_kit_uri_parse and the module calls return a CK_RV or an int, where anything but 0 is an
 * error.
 */
#define FAILS(name)       \
	long name(void);  \
	long name(void)   \
	{                 \
		return 6; \
	}

const char *p11_kit_strerror(void);
const char *p11_kit_message(void);

const char *
p11_kit_strerror(void)
{
	return "built without PKCS#11";
}

const char *
p11_kit_message(void)
{
	return "built without PKCS#11";
}

NOTHING(p11_kit_config_option)
FAILS(p11_kit_module_finalize)
NOTHING(p11_kit_module_get_flags)
NOTHING(p11_kit_module_get_name)
NOTHING(p11_kit_module_load)
NOTHING(p11_kit_module_release)
NOTHING(p11_kit_modules_load)
NOTHING(p11_kit_pin_file_callback)
NOTHING(p11_kit_pin_get_length)
NOTHING(p11_kit_pin_get_value)
NOTHING(p11_kit_pin_new_for_string)
NOTHING(p11_kit_pin_register_callback)
NOTHING(p11_kit_pin_request)
NOTHING(p11_kit_pin_unref)
NOTHING(p11_kit_pin_unregister_callback)
NOTHING(p11_kit_space_strdup)
NOTHING(p11_kit_space_strlen)
FAILS(p11_kit_uri_format)
NOTHING(p11_kit_uri_free)
NOTHING(p11_kit_uri_get_attribute)
NOTHING(p11_kit_uri_get_attributes)
NOTHING(p11_kit_uri_get_module_info)
NOTHING(p11_kit_uri_get_pin_source)
NOTHING(p11_kit_uri_get_pin_value)
NOTHING(p11_kit_uri_get_token_info)
NOTHING(p11_kit_uri_match_module_info)
NOTHING(p11_kit_uri_match_token_info)
NOTHING(p11_kit_uri_new)
FAILS(p11_kit_uri_parse)
FAILS(p11_kit_uri_set_attribute)
