// Runs in every page that loads while protection is on, before the page's own scripts. Chromium
// resolves the names in a WebRTC configuration on this computer, whatever its proxy is. Without the
// constructor there is no configuration; to sites the browser seems to have no WebRTC.
delete globalThis.RTCPeerConnection;
delete globalThis.webkitRTCPeerConnection;
