'use strict';

module.exports = {
  'shapes.area': ({ Width, Height }) => Width * Height,
  'shapes.later': async (box, { signal, label }) => `${label}: ${box.Width} by ${box.Height}, ${signal.aborted}`,
  'shapes.doubled': function* ({ Width, Height }) {
    for (let n = 2; ; n *= 2) yield { Width: n * Width, Height: n * Height };
  },
};
