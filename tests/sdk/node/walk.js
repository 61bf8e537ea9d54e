// Plays one walk and prints what the client was told: node walk.js <name>
"use strict";

const walks = {
  ...require("./control"),
  ...require("./people"),
  ...require("./memories"),
  ...require("./conversations"),
  ...require("./knowledge"),
  ...require("./refusals"),
  ...require("./hosted"),
};
const { memory } = require("./sdk");

walks[process.argv[2]](memory).then(
  (told) => process.stdout.write(JSON.stringify(told), () => process.exit(0)),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
