"""Texts that try to be more than texts when a page shows them (F15)."""

from __future__ import annotations

from typing import Final

PAYLOADS: Final = (
    "<script>window.hostile = 1</script>",
    "</script><script>window.hostile = 1</script>",
    "</SCRIPT ><ScRiPt>window.hostile = 1</sCrIpT>",
    "<img src=x onerror=window.hostile=1>",
    '"><img src=x onerror=window.hostile=1>',
    "'><img src=x onerror=window.hostile=1>",
    "<svg onload=window.hostile=1>",
    "<svg><script>window.hostile=1</script></svg>",
    "<svg><animate onbegin=window.hostile=1 attributeName=x dur=1s>",
    "<iframe src=javascript:window.hostile=1></iframe>",
    "<iframe srcdoc='<script>parent.hostile=1</script>'>",
    "<body onload=window.hostile=1>",
    "<details open ontoggle=window.hostile=1>",
    "<input autofocus onfocus=window.hostile=1>",
    "<a href=javascript:window.hostile=1>x</a>",
    "javascript:window.hostile=1",
    "data:text/html,<script>window.hostile=1</script>",
    "<base href=https://example.org/>",
    "<link rel=stylesheet href=https://example.org/a.css>",
    "<style>@import url(https://example.org/a.css);</style>",
    "<meta http-equiv=refresh content='0;url=https://example.org/'>",
    "<form action=https://example.org/><button>x</button></form>",
    "<object data=https://example.org/></object>",
    "<embed src=https://example.org/>",
    "<video src=https://example.org/ autoplay onerror=window.hostile=1>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=window.hostile=1>",
    "<noscript><p title='</noscript><img src=x onerror=window.hostile=1>'>",
    "<template><script>window.hostile=1</script></template>",
    "<!--<img src=x onerror=window.hostile=1>-->",
    "--><script>window.hostile=1</script><!--",
    "]]><script>window.hostile=1</script>",
    "<textarea></textarea><script>window.hostile=1</script>",
    "{{ 7 * 7 }}{% for a in b %}{{ config }}",
    "${window.hostile=1}`;window.hostile=1//",
    "';window.hostile=1;//",
    '";window.hostile=1;//',
    "\\u003cscript\\u003ewindow.hostile=1\\u003c/script\\u003e",
    "&lt;script&gt;window.hostile=1&lt;/script&gt;&#60;b&#62;",
    "line\u2028separator\u2029paragraph\u202eoverride\ufeff\u200b",
    "a" * 1_000_000,
)
assert len(PAYLOADS) == 40
