/** Akuvox: actions of one address, for computers on its list. */

import { type Dialect, fieldOf, get, readJson, textOf } from "./dialect.ts";

const action = (words: string) => get(`/fcgi/do?action=${words}`);

export const akuvox: Dialect = {
  model: "akuvox",
  vendor: "Akuvox",
  madeBy: /akuvox/i,
  dials: "digits",
  account: "1",
  http: {
    dial: action("MakeCall&number={number}&line={account}"),
    hangUp: action("CallEnd"),
    probe: get("/"),
  },
  refusal: (body) => {
    const code = textOf(fieldOf(readJson(body), "retcode"));
    return code === "" || code === "0" ? undefined : `it answered with code ${code}`;
  },
  advice: {
    forbidden:
      "write the address of this computer into the phone's list of allowed addresses (Phone, Call Feature, Remote Control)",
    missing: 'this firmware has other addresses; say them in "requests"',
  },
};
