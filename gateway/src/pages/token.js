// The token of the link goes into the form, and out of the address.
const token = document.getElementById("token");
const given = /^#token=([A-Za-z0-9_-]+)$/.exec(location.hash);
if (token && given) {
  token.value = given[1];
  history.replaceState(null, "", location.pathname);
}
if (token && token.value) {
  document.getElementById("token-field").hidden = true;
}
