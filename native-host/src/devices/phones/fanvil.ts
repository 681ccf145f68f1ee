/** Fanvil: a row of keys, as if pressed. */

import { type Dialect, get } from "./dialect.ts";

const keys = (row: string) => get(`/cgi-bin/ConfigManApp.com?key=${row}`);

export const fanvil: Dialect = {
  model: "fanvil",
  vendor: "Fanvil",
  madeBy: /fanvil/i,
  // A semicolon would be the next key.
  dials: "digits",
  http: {
    dial: keys("{number};ENTER"),
    answer: keys("OK"),
    hangUp: keys("RELEASE"),
    dtmf: keys("{digit}"),
    probe: get("/"),
  },
  digits: { "*": "STAR", "#": "POUND" },
  advice: {
    forbidden:
      'write the address of this computer into the phone\'s "Active URI Limit IP" (Phone settings, Action)',
    missing: 'this firmware has other addresses; say them in "requests"',
  },
};
