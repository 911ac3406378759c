// Runs in every page that loads while protection is on, before the page's own scripts: Chromium
// asks the computer's resolver for the names in a WebRTC configuration, whatever its proxy is.
// Without its constructor there is no configuration; sites see a browser without WebRTC.
delete globalThis.RTCPeerConnection;
delete globalThis.webkitRTCPeerConnection;
