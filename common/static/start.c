/*
 * What runs before main() in a static program of glibc 2.36 on x86-64, without the questions to the
 * processor.  glibc asks it 68 times (CPUID) for its caches and for what string functions could
 * use.  In a virtual machine each question is a way out to the host and back: 6 us in the one that
 * this was measured in, together a fifth of a connection.  Nothing is asked here, so glibc takes
 * the string functions that run on every x86-64; GnuTLS asks for itself.
 *
 * This stands in for glibc's libc-start.o, does in the same order what that does, and is linked
 * only where that is the very object that it was written for (GNUmakefile).  Any other starts as
 * ever.  What it calls is glibc's own, hidden in the archive, and means there what it means here.
 */

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

typedef int main_function(int, char **, char **);
typedef void start_function(int, char **, char **);
typedef void end_function(void);

#pragma GCC visibility push(hidden)
extern char **__environ;
extern void *__libc_stack_end, *_dl_random;
extern int __libc_enable_secure;
extern size_t _dl_minsigstacksize;
extern start_function *const __preinit_array_start[], *const __preinit_array_end[];
extern start_function *const __init_array_start[], *const __init_array_end[];
extern end_function *const __fini_array_start[], *const __fini_array_end[];
void _dl_aux_init(Elf64_auxv_t *vector);
void __tunables_init(char **env);
void _dl_relocate_static_pie(void);
void __libc_setup_tls(void);
void __libc_early_init(_Bool initial);
void __libc_init_first(int argc, char **argv, char **env);
void __libc_check_standard_fds(void);
void _init(void);
void _fini(void);
int __cxa_atexit(void (*f)(void *), void *argument, void *object);
void *_dl_debug_initialize(Elf64_Addr base, Lmid_t ns);

/* What copying goes by: libc-start.o's own, for a processor that it knows nothing of. */
long __x86_data_cache_size_half = 32 * 1024 / 2;
long __x86_data_cache_size = 32 * 1024;
long __x86_shared_cache_size_half = 1024 * 1024 / 2;
long __x86_shared_cache_size = 1024 * 1024;
long __x86_shared_non_temporal_threshold = 1024 * 1024 * 3 / 4;
long __x86_rep_movsb_threshold = 2048;
long __x86_rep_movsb_stop_threshold = 1024 * 1024 * 3 / 4;
long __x86_rep_stosb_threshold = 2048;
int __x86_string_control;
#pragma GCC visibility pop

int __libc_start_main(main_function *entry, int argc, char **argv, void (*init)(void),
    void (*fini)(void), void (*rtld_fini)(void), void *stack_end);

static void
call_all(start_function *const *from, start_function *const *end, int argc, char **argv)
{
	for (; from < end; from++)
		(*from)(argc, argv, __environ);
}

static void
call_ends(void *unused)
{
	(void)unused;
	for (end_function *const *f = __fini_array_end; f > __fini_array_start;)
		(*--f)();
	_fini();
}

/* It follows the environment (System V ABI for AMD64, 3.4.1). */
static inline __attribute__((always_inline)) Elf64_auxv_t *
auxiliary_vector(char **env)
{
	while (*env++ != NULL)
		continue;
	return (Elf64_auxv_t *)(void *)env;
}

/* As tcbhead_t has them: the canary, whose first byte ends a string; the secret of setjmp's
 * pointers. */
static inline __attribute__((always_inline)) void
set_guards(void)
{
	const uintptr_t *random = _dl_random;

	__asm__ volatile("movq %0, %%fs:0x28" : : "r"(random[0] & ~(uintptr_t)0xff));
	__asm__ volatile("movq %0, %%fs:0x30" : : "r"(random[1]));
}

/* _start's: init and fini are not used since glibc 2.34, rtld_fini is a dynamic program's. */
__attribute__((no_stack_protector)) int
__libc_start_main(main_function *entry, int argc, char **argv, void (*init)(void),
    void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	(void)init;
	(void)fini;
	(void)rtld_fini;
	__environ = argv + argc + 1;
	__libc_stack_end = stack_end;
	_dl_aux_init(auxiliary_vector(__environ));
	__tunables_init(__environ);
	if (_dl_minsigstacksize == 0)
		_dl_minsigstacksize = 2048; /* glibc's guess, for a kernel that does not say */
	_dl_relocate_static_pie();
	__libc_setup_tls();
	set_guards();
	__libc_early_init(true);
	__libc_init_first(argc, argv, __environ);
	(void)__cxa_atexit(call_ends, NULL, NULL);
	if (__libc_enable_secure)
		__libc_check_standard_fds();
	call_all(__preinit_array_start, __preinit_array_end, argc, argv);
	_init();
	call_all(__init_array_start, __init_array_end, argc, argv);
	(void)_dl_debug_initialize(0, LM_ID_BASE);
	exit(entry(argc, argv, __environ));
}
