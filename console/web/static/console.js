// What the pages need beyond links and forms: the theme.
"use strict";
