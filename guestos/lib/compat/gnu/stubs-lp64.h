/* The cross compiler's <features.h> asks for this file when it compiles for the soft-float ABI; it may be empty. */
