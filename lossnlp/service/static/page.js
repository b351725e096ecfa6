"use strict";

const PAUSE_MS = 250; // after the last key, before asking
const KEY_NAME = "lossnlp-key";
const $ = (id) => document.getElementById(id);

let dealId = newId();
let asking = null; // the AbortController of the request on its way
let timer = null;
let shown = { reasons: [] };
let reasonNames = new Map();

/** 128 random bits; crypto.randomUUID is missing on plain http. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function call(path, body, signal) {
  const headers = { "X-API-Key": sessionStorage.getItem(KEY_NAME) ?? "" };
  const options = { headers, signal };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    Object.assign(options, { method: "POST", body: JSON.stringify(body) });
  }
  const answer = await fetch(path, options);
  if (answer.ok) return answer.json();
  const problem = new Error((await answer.json()).title);
  problem.status = answer.status;
  problem.wait = 1000 * Number(answer.headers.get("Retry-After") ?? 0);
  throw problem;
}

/** Say what went wrong; ask for a key if one is needed, try again if the service says when. */
function explain(problem, again) {
  if (problem.name === "AbortError") return;
  if (problem.status === 401) {
    $("key-form").hidden = false;
    $("key").focus();
  }
  $("state").textContent = problem.status
    ? `${problem.message}.`
    : "The service cannot be reached. Keep typing to try again.";
  if (problem.wait) timer = setTimeout(again, problem.wait);
}

// --- the deal --------------------------------------------------------------------------------

/** The sheets that hold text, in the order in which the service counts them. */
function sheets() {
  return [...document.querySelectorAll("main .sheet")];
}

function writtenSnippets() {
  return [...document.querySelectorAll("main .snippet")].filter(
    (row) => row.querySelector("textarea").value.trim(),
  );
}

function readDeal() {
  return {
    suggestion_id: dealId,
    note: $("note").value,
    snippets: writtenSnippets().map((row) => ({
      speaker: row.querySelector(".speaker").value,
      text: row.querySelector("textarea").value,
    })),
    stage: $("stage").value || null,
    close_date: $("close-date").value || null,
  };
}

function sheetOf(source) {
  if (source === "note") return $("note").closest(".sheet");
  return writtenSnippets()[Number(source.slice("snippet:".length))]?.querySelector(".sheet");
}

function addSnippet() {
  const row = $("snippet").content.firstElementChild.cloneNode(true);
  row.querySelector(".remove").addEventListener("click", () => {
    row.remove();
    $("add-snippet").focus();
    onEdit();
  });
  $("snippets").append(row);
  watchScroll(row.querySelector(".sheet"));
  row.querySelector("textarea").focus();
}

// --- evidence --------------------------------------------------------------------------------

/** Mark code points start to end of a sheet's text; without them only keep the ink in step. */
function paint(sheet, start = 0, end = 0) {
  const points = Array.from(sheet.querySelector("textarea").value);
  const mark = document.createElement("mark");
  mark.textContent = points.slice(start, end).join("");
  const after = `${points.slice(end).join("")}\n`; // so that a last empty line has its height
  sheet.querySelector(".ink").replaceChildren(points.slice(0, start).join(""), mark, after);
}

function highlight(reason) {
  for (const sheet of sheets()) paint(sheet);
  const evidence = reason?.evidence;
  const sheet = evidence && sheetOf(evidence.source);
  if (sheet) paint(sheet, evidence.start, evidence.end);
}

function watchScroll(sheet) {
  const area = sheet.querySelector("textarea");
  area.addEventListener("scroll", () => {
    sheet.querySelector(".ink").scrollTop = area.scrollTop;
  });
}

// --- asking ----------------------------------------------------------------------------------

function onEdit() {
  clearTimeout(timer);
  asking?.abort();
  highlight(null); // the old offsets are no longer true
  timer = setTimeout(ask, PAUSE_MS);
}

async function ask() {
  const deal = readDeal();
  if (!deal.note.trim() && !deal.snippets.length) return show({ reasons: [] });
  asking = new AbortController();
  try {
    show(await call("v1/suggest", deal, asking.signal));
  } catch (problem) {
    explain(problem, ask);
  }
}

function show(answer) {
  shown = answer;
  $("reasons").replaceChildren(...answer.reasons.map(reasonItem));
  $("question").hidden = !answer.question;
  $("question").textContent = answer.question ?? "";
  $("signals").replaceChildren(...signalRows(answer));
  $("state").textContent = summary(answer);
  press($("reason").value);
  highlight(answer.reasons[0]);
}

function summary(answer) {
  if (answer.blind) return "No suggestion for this deal: some are left out to see what people choose unaided.";
  if (!answer.reasons.length) return "Nothing to read yet.";
  if (answer.needs_detail) return "The note is too thin to tell.";
  const cut = answer.truncated ? " The text is long; its end was not read." : "";
  return `Likeliest: ${answer.reasons[0].name}, ${percent(answer.reasons[0])}.${cut}`;
}

const percent = (reason) =>
  reason.probability < 0.01 ? "<1%" : `${Math.round(100 * reason.probability)}%`;

function piece(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

function reasonItem(reason) {
  const button = document.createElement("button");
  button.type = "button";
  button.value = reason.code;
  button.title = reason.definition;
  const meter = piece("meter", "", "");
  meter.value = reason.probability;
  meter.setAttribute("aria-hidden", "true");
  button.append(
    piece("span", "rank", reason.rank),
    piece("span", "name", reason.name),
    piece("span", "share", percent(reason)),
    meter,
  );
  if (reason.sub_reason_name) button.append(piece("span", "sub", reason.sub_reason_name));
  if (reason.evidence) button.append(piece("span", "words", `“${reason.evidence.text}”`));
  button.addEventListener("click", () => accept(reason.code));
  for (const event of ["focus", "mouseenter"]) {
    button.addEventListener(event, () => highlight(reason));
  }
  const item = document.createElement("li");
  item.append(button);
  return item;
}

function signalRows(answer) {
  const named = (codes) => codes.map((code) => reasonNames.get(code) ?? code).join(", ");
  const rows = [
    ["Also played a part", named(answer.contributing ?? [])],
    ["Ruled out", named(answer.ruled_out ?? [])],
    ["Competitors", (answer.competitors ?? []).map((c) => `${c.name} (${c.role.replace("_", " ")})`).join(", ")],
    ["Come back", comeBack(answer)],
  ];
  return rows
    .filter(([, text]) => text)
    .flatMap(([name, text]) => [piece("dt", "", name), piece("dd", "", text)]);
}

function comeBack(answer) {
  const words = answer.revisit ? `“${answer.revisit.text}”` : "";
  return [answer.revisit?.act_on ?? answer.reengage_on, words].filter(Boolean).join(" · ");
}

// --- choosing --------------------------------------------------------------------------------

function press(code) {
  for (const button of $("reasons").querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.value === code));
  }
}

async function accept(code) {
  $("reason").value = code;
  press(code);
  $("kept").textContent = "";
  if (!code) return;
  try {
    await call("v1/feedback", { suggestion_id: dealId, chosen: code });
    $("kept").textContent = `Kept: ${reasonNames.get(code)}.`;
  } catch (problem) {
    $("kept").textContent = "The choice was not kept.";
    explain(problem, () => accept(code));
  }
}

/** Esc leaves the text for the suggestions; there, and anywhere outside a field, 1 to 3 accept. */
function onKey(event) {
  const inField = event.target.matches("input, select, textarea");
  const buttons = $("reasons").querySelectorAll("button");
  if (event.key === "Escape" && inField) {
    event.target.blur();
    buttons[0]?.focus();
  } else if (!inField && !event.ctrlKey && !event.metaKey && !event.altKey) {
    buttons[["1", "2", "3"].indexOf(event.key)]?.click();
  }
}

function nextDeal() {
  clearTimeout(timer);
  asking?.abort();
  dealId = newId();
  $("deal").reset();
  $("snippets").replaceChildren();
  $("reason").value = "";
  $("kept").textContent = "";
  show({ reasons: [] });
  $("note").focus();
}

// --- the start -------------------------------------------------------------------------------

async function start() {
  try {
    const taxonomy = await call("v1/taxonomy");
    reasonNames = new Map(taxonomy.reasons.map((reason) => [reason.code, reason.name]));
    const options = taxonomy.reasons.map((reason) => new Option(reason.name, reason.code));
    $("reason").replaceChildren(new Option("Choose a reason", ""), ...options);
    ask();
  } catch (problem) {
    explain(problem, start);
  }
}

$("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEY_NAME, $("key").value);
  $("key").value = "";
  $("key-form").hidden = true;
  start();
});
$("deal").addEventListener("input", onEdit);
$("deal").addEventListener("submit", (event) => event.preventDefault());
$("add-snippet").addEventListener("click", addSnippet);
$("reason").addEventListener("change", (event) => accept(event.target.value));
$("next").addEventListener("click", nextDeal);
document.addEventListener("keydown", onKey);
watchScroll($("note").closest(".sheet"));
start();
