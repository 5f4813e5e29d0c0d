// Opens pages in a browser and prints what it displays as JSON: node statusz.mjs <chromium> <folder for screenshots>
// <url>...
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [executablePath, folder, ...urls] = process.argv.slice(2);
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const tallest = 4000; // beyond this, a page of hundreds of cards shows nothing new

// Returns how the document is laid out. It runs in the page.
function measure() {
  const px = (n) => Math.round(n * 10) / 10;
  const named = (node) => (node.textContent || node.getAttribute?.("class") || node.nodeName).trim().slice(0, 60);
  const boxes = [];
  const add = (node, rect, margin) => {
    if (rect.width > 0 && rect.height > 0) {
      boxes.push({ node, left: rect.left, right: rect.right, top: rect.top + margin, bottom: rect.bottom - margin });
    }
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    if (!node.textContent.trim() || !node.parentElement.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    // The box of a line of text extends beyond its letters, into the lines around it.
    for (const rect of range.getClientRects()) add(node, rect, rect.height / 6);
  }
  for (const svg of document.querySelectorAll("svg.bar, svg.icon")) add(svg, svg.getBoundingClientRect(), 0);

  const overlaps = [];
  boxes.sort((a, b) => a.top - b.top);
  boxes.forEach((a, i) => {
    for (const b of boxes.slice(i + 1)) {
      if (b.top >= a.bottom) break;
      if (a.node !== b.node && a.left + 0.5 < b.right && b.left + 0.5 < a.right) overlaps.push(`${named(a.node)} | ${named(b.node)}`);
    }
  });
  const marks = [...document.querySelectorAll("svg.bar *")];
  const outside = [...document.querySelectorAll("body *:not(svg *)"), ...marks].filter((e) => {
    const r = e.getBoundingClientRect();
    return r.width > 0 && (r.left < -0.5 || r.right > innerWidth + 0.5);
  });
  const bars = [...document.querySelectorAll("svg.bar")].map((bar) => {
    const of = bar.getBoundingClientRect();
    const place = (selector) => {
      const r = bar.querySelector(selector)?.getBoundingClientRect();
      return r && px((((r.left + r.right) / 2 - of.left) / of.width) * 100);
    };
    const left = bar.querySelector(".left").getBoundingClientRect();
    return {
      label: bar.getAttribute("aria-label"),
      width: px(of.width),
      left: px((left.width / of.width) * 100),
      now: place(".now"),
      next: place(".next"),
      color: getComputedStyle(bar.querySelector(".left")).fill,
    };
  });
  return {
    sideways: document.documentElement.scrollWidth - innerWidth,
    height: document.documentElement.scrollHeight,
    background: getComputedStyle(document.body).backgroundColor,
    overlaps,
    outside: outside.map(named),
    bars,
  };
}

// A viewer is a browser window that records what pages try to do other than being displayed.
async function newViewer(width, colorScheme, javaScriptEnabled) {
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme, javaScriptEnabled });
  const page = await context.newPage();
  const viewer = { page, noise: [], url: "" };
  const note = (text) => viewer.noise.push(text);
  page.on("console", (message) => note(`console: ${message.text()}`));
  page.on("pageerror", (error) => note(`error: ${error}`));
  page.on("dialog", (dialog) => (note(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on("request", (request) => request.url() === viewer.url || note(`request: ${request.url()}`));
  return viewer;
}

async function open(viewer, url) {
  viewer.noise = [];
  viewer.url = url;
  await viewer.page.goto(url);
}

async function look(viewer, silent, url, width, colorScheme) {
  const { page } = viewer;
  await open(viewer, url);
  const status = (await page.reload()).status(); // as a viewer does to see what is new
  const layout = await page.evaluate(measure);
  const roles = await page.locator("body").ariaSnapshot();
  const name = decodeURIComponent(new URL(url).pathname.slice(1)).replaceAll(/[^a-z]+/g, "-");
  const path = join(folder, `${name}-${width}-${colorScheme}.png`);
  await page.screenshot({ path, fullPage: true, clip: { x: 0, y: 0, width, height: Math.min(layout.height, tallest) } });
  await open(silent, url);
  const same = (await page.screenshot()).equals(await silent.page.screenshot());

  await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
  const opened = await page.evaluate(measure);
  // axe takes seconds for hundreds of cards, and the first ones show everything that there is to check.
  await page.evaluate(() => document.querySelectorAll("article:nth-of-type(n+11)").forEach((card) => card.remove()));
  await page.evaluate(axe);
  const { violations, incomplete } = await page.evaluate(() => axe.run({ resultTypes: ["violations", "incomplete"] }));
  const complaints = [...violations, ...incomplete].flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target} ${n.html.slice(0, 100)}`));
  return { url, width, colorScheme, status, noise: viewer.noise, ...layout, opened, roles, same, complaints };
}

const args = ["--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
if (process.getuid?.() === 0) args.push("--no-sandbox"); // Chromium refuses to run as root with a sandbox
const browser = await chromium.launch({ executablePath, args });
const seen = await Promise.all([[360, "dark"], [1280, "light"]].map(async ([width, colorScheme]) => {
  const viewer = await newViewer(width, colorScheme, true);
  const silent = await newViewer(width, colorScheme, false);
  const all = [];
  for (const url of urls) all.push(await look(viewer, silent, url, width, colorScheme));
  return all;
}));
await browser.close();
process.stdout.write(JSON.stringify(seen.flat()));
