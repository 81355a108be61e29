/** Which settings of a stack run an image, and what they say once it is pinned by digest. Pure. */
import { UsageError } from "../common/command";
import type { Change } from "../promote/promotion";
import { isObject, shownPath, type Values } from "../promote/values";

/** A setting that names an image. */
export interface Place {
  /** Keys of the setting that takes the digest; the first with the project's name. */
  readonly path: readonly string[];
  /** Repository, without registry, tag or digest. */
  readonly repository: string;
  readonly current: unknown;
  /** What the setting says with a digest. */
  readonly pinned: (digest: string) => string;
}

/** What is asked for: an image by its repository, or one place by its path. */
export interface Pin {
  readonly target: string;
  readonly digest: string;
}

const digestForm = /^sha256:[0-9a-f]{64}$/;

/** Reads `model-trader=sha256:...`. @throws UsageError */
export function readPin(text: string): Pin {
  const [target = "", digest, ...more] = text.split("=");
  if (target === "" || digest === undefined || more.length > 0)
    throw new UsageError(`${text}: says no image and digest\n  allowed: <image>=sha256:<64 hexadecimal digits>`);
  if (!digestForm.test(digest) || /:0+$/.test(digest))
    throw new UsageError(
      `${text}: does not pin an image: ${digestForm.test(digest) ? "that digest stands for none" : "it is no digest"}\n  allowed: sha256: and 64 hexadecimal digits, as \`docker push\` prints them`,
    );
  return { target, digest };
}

/** An image's name without tag and digest, and the repository in it. */
function namesOf(image: string): { readonly name: string; readonly repository: string } {
  const name = image.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
  const [host = "", ...rest] = name.split("/");
  return { name, repository: rest.length > 0 && /[.:]|^localhost$/.test(host) ? rest.join("/") : name };
}

/** Every setting of a stack that names an image, in order; `settings` are its own with the defaults filled in. */
export function placesOf(settings: Values, project: string): Place[] {
  const places: Place[] = [];
  const walk = (value: unknown, path: readonly string[]): void => {
    const isImage = path.length > 1 && (path.at(-1) === "image" || (path.length > 2 && path.at(-2) === "images"));
    if (isImage && typeof value === "string" && value !== "") {
      const { name, repository } = namesOf(value);
      places.push({ path, repository, current: value, pinned: (digest) => `${name}@${digest}` });
    } else if (isImage && isObject(value) && typeof value.repositoryName === "string") {
      // One that the deployment builds itself takes no digest.
      if (value.build === undefined)
        places.push({
          path: [...path, "digest"],
          repository: value.repositoryName,
          current: value.digest,
          pinned: (digest) => digest,
        });
    } else if (isObject(value)) for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
  };
  for (const [key, value] of Object.entries(settings)) if (isObject(value)) walk(value, [`${project}:${key}`]);
  return places;
}

const isAt = ({ path }: Place, target: string) =>
  [
    shownPath(path),
    shownPath(path).replace(/\.digest$/, ""),
    shownPath(path).replace(/\.image(\.digest)?$/, ""),
  ].includes(target);

const shown = (places: readonly Place[]) =>
  places.map((place) => `${place.repository} (${shownPath(place.path)})`).join(", ") ||
  "none: it runs no image by name";

/** The places that a pin is for; none where nothing uses the image and that may be. @throws UsageError */
function placesFor({ target }: Pin, places: readonly Place[], stack: string, ifUsed: boolean): readonly Place[] {
  const at = places.filter((place) => isAt(place, target));
  if (at.length > 0) return at;
  const using = places.filter(({ repository }) => repository === target);
  const groups = using.filter(({ path }) => path[1] === "groups");
  if (groups.length > 1)
    throw new UsageError(
      `${target}: more than one group of ${stack} runs it, and they take a release one after the other\n  allowed: ${groups.map(({ path }) => shownPath(path).replace(/\.image(\.digest)?$/, "")).join(", ")}`,
    );
  if (using.length === 0 && !ifUsed) {
    const what = target.includes(".") ? "has no such service or setting" : "runs no such image";
    throw new UsageError(`${target}: ${stack} ${what}\n  allowed: ${shown(places)}`);
  }
  return using;
}

export interface Pinned {
  readonly changes: readonly Change[];
  /** Images that the stack does not run. */
  readonly unused: readonly string[];
}

/** What pinning changes: nothing where every place says the digest already. @throws UsageError */
export function planPins(
  pins: readonly Pin[],
  places: readonly Place[],
  { stack, ifUsed }: { readonly stack: string; readonly ifUsed: boolean },
): Pinned {
  const wanted = new Map<Place, string>();
  const unused: string[] = [];
  for (const pin of pins) {
    const found = placesFor(pin, places, stack, ifUsed);
    if (found.length === 0) unused.push(pin.target);
    for (const place of found) {
      const other = wanted.get(place);
      if (other !== undefined && other !== pin.digest)
        throw new UsageError(`${shownPath(place.path)}: two digests are given for it: ${other} and ${pin.digest}`);
      wanted.set(place, pin.digest);
    }
  }
  const changes = [...wanted]
    .map(([place, digest]): Change => ({ path: place.path, before: place.current, after: place.pinned(digest) }))
    .filter(({ before, after }) => before !== after);
  return { changes, unused };
}
