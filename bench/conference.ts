/** The conference server whole: joins, roster and moves, one after the other. */
import { conferenceEventsBenchmark } from "./conference-events.ts";
import { conferenceJoinsBenchmark } from "./conference-joins.ts";
import { conferenceMoveBenchmark } from "./conference-move.ts";
import type { Benchmark, Row } from "./table.ts";

const PARTS: Readonly<Record<string, Benchmark>> = {
  "": conferenceJoinsBenchmark,
  "roster 1000: ": conferenceEventsBenchmark,
  "move 100: ": conferenceMoveBenchmark,
};

export const conferenceBenchmark: Benchmark = {
  about: Object.entries(PARTS)
    .map(([name, { about }]) => `${name}${about}`)
    .join("\n\n"),
  async run(progress) {
    const rows: Row[] = [];
    for (const [name, part] of Object.entries(PARTS))
      for (const row of await part.run(progress)) rows.push({ ...row, what: `${name}${row.what}` });
    return rows;
  },
};
