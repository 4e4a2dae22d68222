const client = require('prom-client');

const clicks = new client.Counter({
  name: 'shop_clicks_total',
  help: 'Clicks',
  labelNames: ['button'],
});
module.exports = { clicks };
