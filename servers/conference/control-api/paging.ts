/** Pages of a list that changes meanwhile: each begins behind the place where the one before ended. */

interface Page<Item> {
  /** On all pages. */
  readonly total: number;
  readonly items: readonly Item[];
  readonly next: { readonly next?: string };
}

const DEFAULT_LIMIT = 100;

/** `place` says where an item stands, as text that sorts; nobody else may stand there. */
export function page<Item>(
  all: readonly Item[],
  place: (item: Item) => string,
  { limit = DEFAULT_LIMIT, after }: { readonly limit?: number; readonly after?: string },
): Page<Item> {
  const placed = all
    .map((item) => ({ item, at: place(item) }))
    .sort((one, other) => (one.at < other.at ? -1 : 1));
  const behind = after === undefined ? placed : placed.filter(({ at }) => at > after);
  const page = behind.slice(0, limit);
  const last = behind.length > limit ? page.at(-1) : undefined;
  return { total: all.length, items: page.map(({ item }) => item), next: last ? { next: last.at } : {} };
}
