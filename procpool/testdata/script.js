'use strict';
global.require = require;
const { spawnSync } = require('node:child_process');
global.spawnSync = spawnSync;

process.on('exit', () => console.log('goodbye'));

module.exports = {
  'script.run': (code, context) => {
    global.context = context;
    return (0, eval)(code);
  },
};

module.exports['script.flow'] = module.exports['script.bytes'] = module.exports['script.run'];
module.exports['script.echo'] = (value) => value;
module.exports['script.named'] = () => ({ A: null });
