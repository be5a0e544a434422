"""Features that mail programs do not support: made by ``tables/mail_support.py``, not by hand.

From the data of caniemail 2.0.2 (2026-05-13; https://www.caniemail.com), under the MIT License,
whose text is in ``LICENSE``. Copyright © Avi Goldman. Copyright © Andrew Powell <andrew@shellscape.org>
"""


def _by_feature(table: str) -> dict[str, str]:
    lines = (line.partition(": ") for line in table.strip().splitlines())
    return {feature: programs for programs, _, features in lines for feature in features.split(", ")}


# Programs without a feature: a CSS property, ``property:value``, ``=keyword``, ``1unit``, function, selector,
# at-rule or element.
UNSUPPORTED = _by_feature("""
gmail: <style>, display:none
gmail outlook: :focus-visible, :focus-within, :hover, <rp>, <rt>, <ruby>, <wbr>, background-size, opacity
gmail outlook: position, text-decoration-color, text-shadow, visibility, z-index
gmail outlook apple-mail: :focus
gmail outlook apple-mail protonmail fastmail: :target
gmail outlook apple-mail samsung-email: :active
gmail outlook apple-mail samsung-email protonmail: :visited
gmail outlook apple-mail yahoo: cursor
gmail outlook apple-mail yahoo fastmail: inline-size
gmail outlook apple-mail yahoo protonmail: resize
gmail outlook apple-mail yahoo samsung-email protonmail: text-justify
gmail outlook apple-mail yahoo samsung-email thunderbird: hyphenate-limit-chars
gmail outlook fastmail: <marquee>
gmail outlook protonmail: ::first-letter, ::first-line, ::marker, ::placeholder, :checked, :default
gmail outlook protonmail: :first-child, :first-of-type, :last-child, :last-of-type, :only-child
gmail outlook protonmail: :only-of-type, [attribute], a + b, a > b, a ~ b, transition
gmail outlook protonmail fastmail thunderbird: @supports
gmail outlook thunderbird: @media
gmail outlook yahoo: :lang, <bdi>, <meter>, <progress>, align-items, backdrop-filter, background-blend-mode
gmail outlook yahoo: background-clip, background-origin, block-size, border-image, bottom, box-shadow
gmail outlook yahoo: box-sizing, clip-path, column-count, column-gap, conic-gradient(, flex-direction:column
gmail outlook yahoo: flex-wrap:wrap, gap, hyphenate-character, hyphens, inert, justify-content, left
gmail outlook yahoo: light-dark(, margin-block-end, margin-block-start, margin-inline-end
gmail outlook yahoo: margin-inline-start, mask-image, max-block-size, max-inline-size, min-block-size
gmail outlook yahoo: min-inline-size, object-fit, object-position, orphans, outline-offset, overflow-wrap
gmail outlook yahoo: padding-block-end, padding-block-start, padding-inline-end, padding-inline-start, right
gmail outlook yahoo: row-gap, shape-margin, shape-outside, tab-size, text-decoration-skip-ink
gmail outlook yahoo: text-decoration-thickness, text-underline-offset, text-wrap, top, transform, user-select
gmail outlook yahoo: white-space-collapse, widows
gmail outlook yahoo fastmail: <svg>, filter, mix-blend-mode, scroll-snap, var(
gmail outlook yahoo protonmail: ::after, ::before, :not, :nth-child, :nth-last-child, :nth-last-of-type
gmail outlook yahoo protonmail: :nth-of-type, @keyframes, list-style-image
gmail outlook yahoo protonmail fastmail: <audio>, <dialog>, <object>, <picture>, <video>, @font-face
gmail outlook yahoo protonmail fastmail: accent-color, color-scheme
gmail outlook yahoo protonmail thunderbird: :has, animation
gmail outlook yahoo samsung-email: border-block, border-inline, font-stretch, inset, margin-block
gmail outlook yahoo samsung-email: margin-inline, padding-block, padding-inline, text-emphasis
gmail outlook yahoo samsung-email: text-emphasis-position
gmail outlook yahoo samsung-email fastmail thunderbird: aspect-ratio
gmail outlook yahoo samsung-email protonmail fastmail thunderbird: <link>, @import
gmail outlook yahoo samsung-email protonmail thunderbird: lab(, lch(, oklab(, oklch(
gmail protonmail: :link
outlook: =system-ui, =ui-monospace, =ui-rounded, =ui-sans-serif, =ui-serif, background-image
outlook: background-position, background-repeat, border-radius, border-spacing, caption-side, clear
outlook: display:flex, display:grid, float, font-size-adjust, list-style-position, max-height, min-width
outlook: outline, overflow, rgba(, table-layout, text-decoration-line, text-decoration-style, word-spacing
outlook: word-wrap
outlook fastmail: 1vh, 1vw
outlook protonmail: <base>, min-height
outlook samsung-email: white-space
outlook yahoo: 1ch, 1rem, 1vmax, 1vmin, <abbr>, <acronym>, <select>, =initial, calc(, empty-cells
outlook yahoo: font-kerning, linear-gradient(, radial-gradient(, text-align-last, text-orientation
outlook yahoo: text-underline-position, word-break
outlook yahoo fastmail: clamp(, max(, min(, writing-mode
outlook yahoo protonmail fastmail: <body>, <form>
outlook yahoo samsung-email: <textarea>, =fit-content, =max-content, =min-content, text-overflow
protonmail: list-style, text-decoration
yahoo: height
""")

# Programs that support a feature in part, for features that no program is without.
PARTIAL = _by_feature("""
gmail: <strike>, direction
gmail outlook yahoo: <dl>, <ol>, <ul>, margin, rgb(
gmail outlook yahoo fastmail: display
gmail outlook yahoo protonmail: !important
gmail outlook yahoo samsung-email: text-align
gmail yahoo protonmail: text-indent
outlook: <dfn>, border, letter-spacing, line-height, max-width, padding, text-transform, width
outlook yahoo: background, font-weight
outlook yahoo samsung-email: font-size
""")
