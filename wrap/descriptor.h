#ifndef INETLS_DESCRIPTOR_H
#define INETLS_DESCRIPTOR_H

/* What a process has open and has no business with. */

/* Closes every descriptor from first to last, as far as there are any. */
void descriptor_close_all(unsigned first, unsigned last);

#endif
