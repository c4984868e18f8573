// Looks at the page in each frame, and writes what is wrong with it as this page's title: "seen" if nothing is.
const faults = new Set();

function lookAt(frame) {
  const page = frame.contentDocument;
  const wide = page.documentElement.clientWidth;
  const paper = frame.contentWindow.getComputedStyle(page.body).backgroundColor;
  const fault = (what, element) => faults.add(`${wide}: ${what}: ${element.textContent.trim().slice(0, 30) || element.outerHTML.slice(0, 60)}`);
  const style = element => frame.contentWindow.getComputedStyle(element);

  for (const element of page.body.querySelectorAll('*')) {
    if (!element.checkVisibility({visibilityProperty: true}) || element.closest('title, desc, defs, style, script')) continue;
    const box = element.getBoundingClientRect();
    if (box.width && (box.right > wide + 1 || box.left < -1)) fault('outside', element);
    const wider = !element.closest('svg') && element.clientWidth && element.scrollWidth > element.clientWidth + 1;
    if (wider && style(element).overflowX !== 'visible') fault('cut off', element);
    if (wider && [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim())) fault('overflows', element);
    if (!['12px', '14px', '16px', '20px', '28px'].includes(style(element).fontSize)) fault('off the type scale', element);
    if (!['rgba(0, 0, 0, 0)', paper].includes(style(element).backgroundColor)) fault('white', element);
  }

  for (const picture of page.querySelectorAll('svg')) {
    if (!picture.checkVisibility({visibilityProperty: true})) continue;
    const edge = picture.getBoundingClientRect();
    const words = [...picture.querySelectorAll('text')].map(element => ({element, box: element.getBoundingClientRect()}));
    words.forEach(({element, box}, i) => {
      if (box.left < edge.left - 1 || box.right > edge.right + 1 || box.bottom > edge.bottom + 2) fault('leaves the picture', element);
      if (parseFloat(style(element).fontSize) * element.getScreenCTM().a < 10) fault('too small', element);
      for (const other of words.slice(0, i)) {
        const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
        const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
        if (across > 1 && down > 3) fault(`meets ${other.element.textContent}`, element);
      }
    });
    for (const line of picture.querySelectorAll('.line')) {
      const length = line.getTotalLength(), place = line.getScreenCTM();
      for (let at = 0; at <= length; at += 3) {
        const {x, y} = line.getPointAtLength(at).matrixTransform(place);
        for (const {element, box} of words) {
          if (x > box.left && x < box.right && y > box.top && y < box.bottom) fault('crossed by a line', element);
        }
      }
    }
    for (const shape of picture.querySelectorAll('.q-locked, .q-page')) {
      const fill = style(shape).fill;
      const pattern = /url\("?#([^")]*)/.exec(fill);
      if (pattern) {
        const parts = page.getElementById(pattern[1])?.children ?? [];
        if (!parts.length || ![...parts].every(part => style(part).visibility === 'visible' && style(part.closest('svg').parentElement).display !== 'none')) fault('unfilled', shape);
      } else if (shape.matches('.q-page') && !['none', paper].includes(fill)) fault('white', shape);
    }
  }
}

addEventListener('load', () => {
  for (const frame of document.querySelectorAll('iframe')) lookAt(frame);
  document.title = faults.size ? `${faults.size} faults. ${[...faults].slice(0, 30).join('; ')}` : 'seen';
});
