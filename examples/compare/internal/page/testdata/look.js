// The faults that are this page's own: a line for each. Its letters have five sizes, all of it lies on one
// paper in the dark too, and a pattern of the desk's picture is seen where the phone's picture uses it.
(() => {
  const faults = new Set();
  const style = element => getComputedStyle(element);
  const seen = element => element.checkVisibility({visibilityProperty: true});
  const paper = style(document.body).backgroundColor;
  const fault = (what, element) => faults.add(`${what}: ${element.textContent.trim().slice(0, 30) || element.outerHTML.slice(0, 60)}`);

  for (const element of document.body.querySelectorAll('*')) {
    if (!seen(element) || element.closest('title, desc, defs, style, script')) continue;
    if (!['12px', '14px', '16px', '20px', '28px'].includes(style(element).fontSize)) fault('off the type scale', element);
    if (!['rgba(0, 0, 0, 0)', paper].includes(style(element).backgroundColor)) fault('white', element);
  }
  for (const shape of document.querySelectorAll('svg .q-locked, svg .q-page')) {
    if (!seen(shape)) continue;
    const fill = style(shape).fill;
    const pattern = /url\("?#([^")]*)/.exec(fill);
    if (pattern) {
      const parts = document.getElementById(pattern[1])?.children ?? [];
      if (!parts.length || ![...parts].every(part => style(part).visibility === 'visible' && style(part.closest('svg').parentElement).display !== 'none')) fault('unfilled', shape);
    } else if (shape.matches('.q-page') && !['none', paper].includes(fill)) fault('white', shape);
  }
  return [...faults].slice(0, 30).join('\n');
})()
