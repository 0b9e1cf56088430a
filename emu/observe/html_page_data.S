# The page as it was bundled; nothing in a program that is built without npm.
  .section .rodata
  .global hartbeat_html_page, hartbeat_html_page_end
hartbeat_html_page:
#ifdef HARTBEAT_HTML_PAGE
  .incbin HARTBEAT_HTML_PAGE
#endif
hartbeat_html_page_end:
  .section .note.GNU-stack, "", %progbits
