/** Builds the extension into dist/extension; one folder serves Chromium and Firefox. */
import { readFileSync, writeFileSync } from "node:fs";
import { crx } from "@crxjs/vite-plugin";
import { defineConfig } from "vite";
import manifest from "./manifest.json" with { type: "json" };

const OUT = "dist/extension";

export default defineConfig({
  plugins: [
    crx({ manifest: manifest as Parameters<typeof crx>[0]["manifest"] }),
    sharedMarkup(),
    backgroundForFirefox(),
  ],
  build: {
    target: "es2022",
    outDir: OUT,
    emptyOutDir: true,
    modulePreload: false,
    rolldownOptions: {
      // Pages that the manifest does not name.
      input: {
        offscreen: "extension/offscreen/index.html",
        picker: "extension/picker/index.html",
        incoming: "extension/incoming/index.html",
      },
    },
  },
  worker: { format: "es" },
});

/** What several pages have in common stands once, in extension/shared: `<!-- include: NAME -->`. */
function sharedMarkup() {
  const included = (_all: string, name: string) => readFileSync(`extension/shared/${name}`, "utf8");
  return {
    name: "shared-markup",
    transformIndexHtml: {
      order: "pre" as const,
      handler: (html: string) => html.replace(/<!-- include: ([a-z-]+\.html) -->/g, included),
    },
  };
}

/** Firefox has no extension service worker: it runs the same file as an event page. */
function backgroundForFirefox() {
  let out = OUT;
  return {
    name: "background-for-firefox",
    apply: "build" as const,
    enforce: "post" as const,
    configResolved(config: { build: { outDir: string } }) {
      out = config.build.outDir;
    },
    closeBundle() {
      const file = `${out}/manifest.json`;
      const built = JSON.parse(readFileSync(file, "utf8"));
      built.background.scripts = [built.background.service_worker];
      writeFileSync(file, `${JSON.stringify(built, null, 2)}\n`);
    },
  };
}
