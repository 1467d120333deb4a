#ifndef INETLS_FILTER_MARKS_H
#define INETLS_FILTER_MARKS_H

/*
 * The filters are data that is made when the program is built.  In the place of the backend's
 * sockets, whose numbers are known only later, these stand: the mark, the mark + 1, ...
 */
#define FILTER_BACKEND_MARK 0x1ef70000u
#define FILTER_BACKENDS 8

#endif
