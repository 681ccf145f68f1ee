/** Snom: command.htm up to firmware 10, and the D8xx, which only listen to NOTIFY. */

import { type Dialect, get } from "./dialect.ts";

const advice = {
  forbidden:
    'switch off "Use hidden tags" and switch on the web interface\'s remote control in the phone (Advanced, QoS/Security)',
  missing: 'a D8xx has no HTTP commands; set "model" to "snom-d8" and "by" to "notify"',
} as const;

export const snom: Dialect = {
  model: "snom",
  vendor: "Snom",
  madeBy: /snom/i,
  dials: "addresses",
  http: {
    dial: get("/command.htm?number={number}[&outgoing_uri={account}]"),
    answer: get("/command.htm?key=ENTER"),
    hangUp: get("/command.htm?key=CANCEL"),
    dtmf: get("/command.htm?key_dtmf={digit}"),
    probe: get("/"),
  },
  advice,
};

export const snomD8: Dialect = {
  model: "snom-d8",
  vendor: "Snom",
  madeBy: /snomD8|snom D8/i,
  dials: "addresses",
  http: {},
  notify: {
    event: "xml",
    type: "application/snomxml",
    bodies: {
      dial: '<IPPhoneSilent document_id="partyline"><fetch mil="10">phone://mb_exit#numberdial={number}</fetch></IPPhoneSilent>',
    },
  },
  advice,
};
