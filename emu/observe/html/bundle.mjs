// bundle.mjs SOURCES OUTPUT: one HTML file from index.html, style.css and main.js with all that it imports.
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createRequire } from "node:module";

const [sources, output] = process.argv.slice(2);
// The packages are where this is run, not beside the sources.
const require = createRequire(join(process.cwd(), "package.json"));
const { buildSync } = require("esbuild");

const bundle = (file, loader) =>
  buildSync({
    entryPoints: [resolve(sources, file)],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2020",
    legalComments: "eof",
    nodePaths: [join(process.cwd(), "node_modules")],
    ...loader,
  }).outputFiles[0].text;

// A function, so that "$" in the text means nothing; "</script" may not occur inside a script.
const page = readFileSync(join(sources, "index.html"), "utf8")
  .replace("/*STYLE*/", () => bundle("style.css"))
  .replace("/*SCRIPT*/", () => bundle("main.js").replaceAll("</script", "<\\/script"));
writeFileSync(output, page);
