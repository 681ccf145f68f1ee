/** What a benchmark says: rows, each beside its reference from the same run, as Markdown and as JSON. */

export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The same figure of what it is compared with. */
  readonly reference: number;
}

export interface Benchmark {
  /** One sentence above the table: what was done, and what the reference is. */
  readonly about: string;
  run(progress: (text: string) => void): Promise<readonly Row[]>;
}

/** Value as a part of its reference, or 0 of a reference of 0. */
export function ratio({ value, reference }: Row): number {
  return reference === 0 ? 0 : rounded(value / reference);
}

export function markdown(rows: readonly Row[]): string {
  const lines = rows.map(
    (row) =>
      `| ${row.what} | ${rounded(row.value)} ${row.unit} | ${rounded(row.reference)} ${row.unit} | ${ratio(row)} |`,
  );
  return ["| what | measured | reference | ratio |", "| --- | --- | --- | --- |", ...lines].join("\n");
}

export function json(bench: string, rows: readonly Row[]): string {
  return JSON.stringify({ bench, rows: rows.map((row) => ({ ...row, ratio: ratio(row) })) });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
