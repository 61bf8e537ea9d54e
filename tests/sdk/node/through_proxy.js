// For clients that do not read HTTPS_PROXY themselves: node --require through_proxy.js
"use strict";

const https = require("node:https");
const { HttpsProxyAgent } = require("https-proxy-agent");

https.globalAgent = new HttpsProxyAgent(process.env.HTTPS_PROXY);
