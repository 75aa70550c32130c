"""What the tests in a browser look at: small programs that run in the page and give what is wrong there."""

from typing import Any

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

TWICE = "html { font-size: 200% !important; }"
# WCAG 2.2, 1.4.12: people may set all of this at once
SPACING = """
* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }
p { margin-block-end: 2em !important; }
"""

OPEN_ALL = """() => document.querySelectorAll("main details").forEach(one => one.open = true)"""

# Puts a style sheet in the place of the last one; one that is made by a program is no matter of the security policy.
STYLED = """text => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    document.adoptedStyleSheets = [sheet];
}"""

# What sticks out of the page, or is cut off. What scrolls by itself (code, one line to type in) and what is for screen
# readers only may.
NARROW_IS_WRONG = """() => {
    const wide = document.documentElement.scrollWidth, wrong = wide > innerWidth ? [`the page is ${wide} wide`] : [];
    const scrolls = one => one.closest("pre, input, .vh, .skip, svg");
    for (const one of document.body.querySelectorAll("*")) {
        if (scrolls(one)) continue;
        const style = getComputedStyle(one), box = one.getBoundingClientRect();
        if (!box.width || style.visibility === "hidden") continue;
        const name = `${one.tagName} ${one.className} ${one.textContent.trim().slice(0, 40)}`;
        if (box.left < -1 || box.right > innerWidth + 1) wrong.push(`outside: ${name}`);
        const hides = /hidden|clip/.test(style.overflowX + style.overflowY);
        if (hides && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1))
            wrong.push(`cut off: ${name}`);
    }
    return wrong.slice(0, 5);
}"""

# WCAG 2.2: how well two colours can be told apart, from 1 to 21.
_CONTRAST = """
    const colour = text => (text.match(/[\\d.]+/g) || []).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, at) => sum + v * [.2126, .7152, .0722][at], 0);
    const contrast = (a, b) => (Math.max(light(a), light(b)) + .05) / (Math.min(light(a), light(b)) + .05);
"""

# Kept while somebody goes through the page with Tab: each stop, and what is wrong with it.
STOPS = (
    """() => {"""
    + _CONTRAST
    + """
    const behind = one => {
        for (let at = one.parentElement; at; at = at.parentElement) {
            const found = colour(getComputedStyle(at).backgroundColor);
            if (found.length === 3 || found[3] === 1) return found;
        }
        return [255, 255, 255];
    };
    const look = one => {
        const style = getComputedStyle(one), boxes = [...one.getClientRects()], box = boxes[0], wrong = [];
        if (!box || !box.width || !box.height) return ["has no size"];
        if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) wrong.push("shows no focus");
        else if (contrast(colour(style.outlineColor), behind(one)) < 3) wrong.push(`focus too faint: ${style.outlineColor}`);
        // of a large box to write in, a browser may show the first lines only
        const x = box.left + box.width / 2, y = (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2;
        const seen = Math.min(box.bottom, innerHeight) - Math.max(box.top, 0);
        const top = document.elementFromPoint(x, y);
        if (seen < Math.min(box.height / 2, 24) || x < 0 || x > innerWidth) wrong.push("is outside of what is seen");
        else if (!top || !(one.contains(top) || top.contains(one))) wrong.push("is hidden behind something");
        return wrong;
    };
    // Tab reaches one of several that exclude each other, the arrow keys the others
    const reached = one => {
        if (one.type !== "radio" || one.checked) return true;
        const group = [...document.querySelectorAll("[type=radio]")].filter(other => other.name === one.name);
        return one === group[0] && !group.some(other => other.checked);
    };
    const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary")].filter(
        one => one.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true}) && one.type !== "hidden" && reached(one) && one.tabIndex >= 0);
    window.stops = [];
    document.addEventListener("focusin", event => window.stops.push(
        {at: all.indexOf(event.target), wrong: look(event.target), html: event.target.outerHTML.slice(0, 120)}));
    return all.length;
}"""
)

# Shapes and words of charts that cannot be told from what is behind them.
FAINT = (
    """() => {"""
    + _CONTRAST
    + """
    const paper = colour(getComputedStyle(document.body).backgroundColor);
    const seen = text => text !== "none" && contrast(colour(text), paper) >= 3;
    return [...document.querySelectorAll("svg.chart :is(circle, rect, path, line, text)")].filter(one => {
        const style = getComputedStyle(one);
        return !seen(style.fill) && !(seen(style.stroke) && parseFloat(style.strokeWidth) > 0);
    }).map(one => one.outerHTML.slice(0, 120)).slice(0, 5);
}"""
)


def follow(where: Any) -> None:
    """Presses a link or a button and waits for the whole page that it leads to: a click alone returns when the first
    bytes of it are there, and a slow machine then counts what has not been read yet."""
    with where.page.expect_navigation(wait_until="load"):
        where.click()
