#ifndef INETLS_FILTER_MARKS_H
#define INETLS_FILTER_MARKS_H

/*
 * The filters are data, made when the program is built.  The numbers of the backend's sockets are
 * known only at run time, so these marks stand in their place: the mark, the mark + 1, ...
 */
#define FILTER_BACKEND_MARK 0x1ef70000u
#define FILTER_BACKENDS 8

#endif
