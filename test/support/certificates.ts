/** The certificates of the tests, as PEM text. */
import { readFileSync } from "node:fs";

const read = (file: string) => readFileSync(new URL(`certificates/${file}`, import.meta.url), "utf8");

/** Trusted by who is given it. */
export const ca = read("ca.pem");

/** What a server shows: `localhost` and `example` (example.test) are good, `expired` was, `stranger` nobody knows. */
export function certified(name: "localhost" | "example" | "expired" | "stranger") {
  return { certificate: read(`${name}.pem`), key: read(`${name}.key`) };
}
