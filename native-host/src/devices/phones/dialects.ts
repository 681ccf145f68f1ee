/** All dialects, and which of them a phone speaks. */

import { akuvox } from "./akuvox.ts";
import { cisco } from "./cisco.ts";
import type { Dialect } from "./dialect.ts";
import { fanvil } from "./fanvil.ts";
import { grandstream, grandstreamGxv } from "./grandstream.ts";
import { htek } from "./htek.ts";
import { poly, polycomPush } from "./poly.ts";
import { snom, snomD8 } from "./snom.ts";
import { yealink, yealinkCgi, yealinkCgiServer, yealinkLogin } from "./yealink.ts";

/** Any phone, all of whose requests are in the configuration. */
const other: Dialect = {
  model: "other",
  vendor: "other",
  madeBy: undefined,
  dials: "addresses",
  http: {},
  advice: {
    forbidden: "allow this computer in the phone",
    missing: 'it does not know this address; correct it in "requests"',
  },
};

/** Where one name is in another, the longer comes first. */
export const DIALECTS: readonly Dialect[] = [
  yealink,
  yealinkCgi,
  yealinkCgiServer,
  yealinkLogin,
  snomD8,
  snom,
  grandstreamGxv,
  grandstream,
  polycomPush,
  poly,
  cisco,
  fanvil,
  htek,
  akuvox,
  other,
];

/** By what a phone says of itself; undefined when nobody says so. */
export function recognise(words: string): Dialect | undefined {
  return DIALECTS.find(({ madeBy }) => madeBy?.test(words));
}

export function dialectNamed(model: string): Dialect | undefined {
  return DIALECTS.find((dialect) => dialect.model === model);
}
