/** The component reference as Markdown, from the doc comments of `components/`, read without being run. */
import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import * as ts from "typescript";
import { projectRoot } from "../plan/settings/project";
import { tableCell } from "./markdown";

/** An argument or an output of a component. */
export interface Member {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
  readonly text: string;
  readonly default: string;
}

export interface ComponentDoc {
  readonly name: string;
  /** From the project's folder, with slashes. */
  readonly file: string;
  /** Type token, such as `trading:network:TradingVpc`. */
  readonly token: string;
  readonly text: string;
  readonly args: readonly Member[];
  readonly outputs: readonly Member[];
}

/** Rooms in the order of the reference. */
const rooms = ["network", "trading", "ml", "data", "services", "edge", "security", "operations", "common"];

const roomOf = (file: string) => file.split("/")[1] ?? "";

function commentOf(node: ts.Node): { text: string; default: string } {
  const comments = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  const text = comments.map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? "").join("\n\n");
  const tag = ts.getJSDocTags(node).find(({ tagName }) => tagName.text === "default");
  return { text, default: tag ? (ts.getTextOfJSDocComment(tag.comment) ?? "") : "" };
}

function memberOf(node: ts.PropertySignature | ts.PropertyDeclaration, file: ts.SourceFile): Member {
  const comment = commentOf(node);
  return {
    name: node.name.getText(file),
    type: (node.type?.getText(file) ?? "").replace(/\/\*\*[\s\S]*?\*\//g, "").replace(/\s+/g, " "),
    optional: node.questionToken !== undefined,
    ...comment,
  };
}

/** Members of an interface with those that it inherits from others of the project. */
function membersOf(name: string, interfaces: ReadonlyMap<string, Declared<ts.InterfaceDeclaration>>): Member[] {
  const declared = interfaces.get(name);
  if (!declared) return [];
  const { node, file } = declared;
  const inherited = (node.heritageClauses ?? []).flatMap(({ types }) =>
    types.flatMap((type) => membersOf(type.expression.getText(file), interfaces)),
  );
  const own = node.members.filter(ts.isPropertySignature).map((member) => memberOf(member, file));
  return [...inherited, ...own];
}

interface Declared<T> {
  readonly node: T;
  readonly file: ts.SourceFile;
}

const isComponent = (node: ts.ClassDeclaration, file: ts.SourceFile) =>
  (node.heritageClauses ?? []).some(({ types }) =>
    types.some(({ expression }) => /(^|\.)ComponentResource$/.test(expression.getText(file))),
  );

function isPublicOutput(member: ts.ClassElement): member is ts.PropertyDeclaration {
  if (!ts.isPropertyDeclaration(member)) return false;
  const hidden = ts.SyntaxKind.PrivateKeyword;
  return !ts.isPrivateIdentifier(member.name) && !(member.modifiers ?? []).some(({ kind }) => kind === hidden);
}

/** Name of the type that a class's constructor takes as its second parameter. */
function argsType(node: ts.ClassDeclaration, file: ts.SourceFile): string {
  const parameters = node.members.find(ts.isConstructorDeclaration)?.parameters ?? [];
  return parameters[1]?.type?.getText(file) ?? "";
}

/** All components under `components/`, by room and then by name. */
export function readComponents(root: string = projectRoot()): ComponentDoc[] {
  const folder = path.join(root, "components");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .sort()
    .map((file) => {
      const text = readFileSync(path.join(folder, file), "utf8");
      const name = path.posix.join("components", ...file.split(path.sep));
      return ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true);
    });
  const interfaces = new Map<string, Declared<ts.InterfaceDeclaration>>();
  for (const file of files) {
    for (const node of file.statements.filter(ts.isInterfaceDeclaration))
      interfaces.set(node.name.text, { node, file });
  }
  const found = files.flatMap((file) =>
    file.statements
      .filter(ts.isClassDeclaration)
      .filter((node) => isComponent(node, file))
      .map((node) => ({
        name: node.name?.text ?? "",
        file: file.fileName,
        token: /super\(\s*"([^"]+)"/.exec(node.getText(file))?.[1] ?? "",
        text: commentOf(node).text,
        args: membersOf(argsType(node, file), interfaces),
        outputs: node.members.filter(isPublicOutput).map((member) => memberOf(member, file)),
      })),
  );
  const rank = ({ file }: ComponentDoc) => (rooms.includes(roomOf(file)) ? rooms.indexOf(roomOf(file)) : rooms.length);
  return found.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly string[]) => `| ${cells.map(tableCell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line), ""];
}

const code = (text: string) => (text ? `\`${text}\`` : "");

function render({ name, file, token, text, args, outputs }: ComponentDoc): string[] {
  const argumentRows = args.map((one) => [
    `\`${one.name}\`${one.optional ? "" : " (required)"}`,
    code(one.type),
    one.text,
    one.default,
  ]);
  const outputRows = outputs.map((one) => [code(one.name), code(one.type), one.text]);
  return [
    `### ${name}`,
    "",
    `${code(token)}, [${file}](../${file})`,
    "",
    text,
    "",
    ...table(["argument", "type", "what it is", "default"], argumentRows),
    ...table(["output", "type", "what it is"], outputRows),
  ];
}

/** The whole page. */
export function renderComponents(components: readonly ComponentDoc[] = readComponents()): string {
  const present = [...new Set(components.map(({ file }) => roomOf(file)))];
  const body = present.flatMap((room) => [
    `## ${room}`,
    "",
    ...components.filter(({ file }) => roomOf(file) === room).flatMap(render),
  ]);
  const contents = present.map((room) => {
    const names = components.filter(({ file }) => roomOf(file) === room).map(({ name }) => name);
    return `- ${room}: ${names.map((name) => `[${name}](#${name.toLowerCase()})`).join(", ")}`;
  });
  return [
    "# Components",
    "",
    "Generated by `npm run docs` from `components/`; do not edit.",
    "",
    "Each is a Pulumi component resource that a program of your own can use as well: [`examples/program`](../examples/program)",
    "uses three. `cloud` is the account, the Region and the partition that ARNs are made of; `lookupCloud` looks them up.",
    "",
    ...contents,
    "",
    ...body,
  ].join("\n");
}
