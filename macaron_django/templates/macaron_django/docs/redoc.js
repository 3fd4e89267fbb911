"use strict";

document.body.style.margin = "0";
Redoc.init("{{ schema_url|escapejs }}", {{ settings|safe }}, document.getElementById("redoc"));
