/** Pages of the film community (servers/web) that the demo walks through. */
export const PAGES = {
  /** Where all meet; one of several rooms between which one moves by pushState. */
  meeting: "/programme/foyer",
  /** Another document, linked from there. */
  link: "/",
  pushState: "/programme/screen-one",
  /** Without a conference. */
  untagged: "/about",
} as const;
