/** Draws a film's poster as SVG, from its hues and its name. */
import type { Film } from "./films.ts";
import { type Html, html } from "./html.ts";

const WIDTH = 200;
const HEIGHT = 280;

export function poster({ name, title, hues: [from, to] }: Film): Html {
  const shapes = [0, 1, 2, 3].map((index) => shape(name, index, to));
  return html`<svg class="poster" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Poster of ${title}">
<defs><linearGradient id="sky-${name}" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="hsl(${from} 46% 22%)"/><stop offset="1" stop-color="hsl(${to} 58% 48%)"/></linearGradient></defs>
<rect width="${WIDTH}" height="${HEIGHT}" fill="url(#sky-${name})"/>
<circle cx="${60 + (digest(name, 9) % 80)}" cy="${70 + (digest(name, 5) % 40)}" r="30" fill="hsl(${to} 90% 82%)" opacity="0.9"/>
${shapes}<rect x="18" y="246" width="64" height="4" rx="2" fill="#fff" opacity="0.85"/></svg>`;
}

// Hills, waves or roofs: bands that rise towards the front.
function shape(name: string, index: number, hue: number): Html {
  const base = 150 + index * 30;
  const points = [0, 40, 80, 120, 160, WIDTH].map(
    (x, step) => `${x},${base - (digest(name, index * 7 + step) % 34)}`,
  );
  return html`<polygon points="0,${HEIGHT} ${points.join(" ")} ${WIDTH},${HEIGHT}" fill="hsl(${hue} ${38 - index * 6}% ${30 - index * 6}%)" opacity="0.88"/>`;
}

function digest(text: string, salt: number): number {
  let sum = salt * 2_654_435_761;
  for (const character of text) sum = (Math.imul(sum, 31) + character.charCodeAt(0)) >>> 0;
  return (sum >>> 8) % 1000;
}
