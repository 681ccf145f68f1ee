/** How the demo speaks to whoever watches: one line at a time. */
export type Say = (text: string) => void;
