/**
 * The function that runs at the edge for every request of the site. It puts the live release in front of the path, before the
 * cache is asked: a new release, or the way back to an old one, is one small publication that is live everywhere within seconds,
 * and nothing has to be invalidated, as no cached object of another release can be found any more.
 */
export function edgeFunction(release: string, singlePage: boolean): string {
  return `function handler(event) {
  var request = event.request;
  var uri = request.uri;
  if (uri.endsWith("/")) uri += "index.html";
  else if (uri.indexOf(".", uri.lastIndexOf("/")) === -1) uri = ${singlePage ? '"/index.html"' : 'uri + "/index.html"'};
  request.uri = "/releases/${release}" + uri;
  return request;
}
`;
}
