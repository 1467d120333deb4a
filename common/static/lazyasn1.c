/*
 * Whenever GnuTLS is initialised it builds two trees of ASN.1 definitions.  That is a sixth of the
 * instructions of a whole connection, and thirty pages of memory, and a session needs them only if
 * it meets a certificate.  In a static link, by the linker's --wrap, each tree is built when the
 * first of its structures is asked for.
 */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <libtasn1.h>

#define TREES 2

int __real_asn1_array2tree(const asn1_static_node *array, asn1_node *definitions, char *error);
int __real_asn1_create_element(asn1_node_const definitions, const char *name, asn1_node *element);
int __wrap_asn1_array2tree(const asn1_static_node *array, asn1_node *definitions, char *error);
int __wrap_asn1_create_element(asn1_node_const definitions, const char *name, asn1_node *element);

static struct {
	/* the name of its first node; names of its structures begin with that */
	const asn1_static_node *array;
	asn1_node tree;
} trees[TREES];

int
__wrap_asn1_array2tree(const asn1_static_node *array, asn1_node *definitions, char *error)
{
	for (int i = 0; i < TREES; i++)
		if (trees[i].array == NULL || trees[i].array == array) {
			trees[i].array = array;
			*definitions = NULL;
			return ASN1_SUCCESS;
		}
	return __real_asn1_array2tree(array, definitions, error);
}

/* Whether the array defines a structure of that name ("PKIX1.Certificate"). */
static bool
defines(const asn1_static_node *array, const char *name)
{
	size_t n;

	if (array == NULL || array[0].name == NULL)
		return false;
	n = strlen(array[0].name);
	return strncmp(name, array[0].name, n) == 0 && name[n] == '.';
}

int
__wrap_asn1_create_element(asn1_node_const definitions, const char *name, asn1_node *element)
{
	for (int i = 0; definitions == NULL && i < TREES; i++) {
		if (!defines(trees[i].array, name))
			continue;
		if (trees[i].tree == NULL &&
		    __real_asn1_array2tree(trees[i].array, &trees[i].tree, NULL) != ASN1_SUCCESS)
			return ASN1_MEM_ERROR;
		definitions = trees[i].tree;
	}
	return __real_asn1_create_element(definitions, name, element);
}
