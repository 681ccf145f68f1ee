/** Htek: numbered commands. */

import { type Dialect, get } from "./dialect.ts";

const command = (words: string) => get(`/Phone_ActionURL&Command=${words}`);

export const htek: Dialect = {
  model: "htek",
  vendor: "Htek",
  madeBy: /htek/i,
  dials: "digits",
  account: "1",
  http: {
    dial: command("1&Number={number}&Account={account}"),
    hangUp: command("2"),
    probe: get("/"),
  },
  advice: {
    forbidden: "allow this computer in the phone's list for action URLs (Setting, Action URL)",
    missing: 'this firmware has other addresses; say them in "requests"',
  },
};
