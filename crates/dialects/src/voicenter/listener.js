/* Real-time listener for pages: defines voicenterMonitor and calls window.voicenterAsyncLoad once it is there.
   Plain ECMAScript 5, no strict mode: pages assign globals without declaring them. */
(function (window) {
  var document = window.document;
  var script = document && document.currentScript;
  var source = (script && script.src) || (window.location && window.location.href) || "";
  var STEP_MS = 10000, LONGEST_MS = 300000;

  function base() {
    var parts = /^(https?):\/\/([^\/?#]+)/.exec(source);
    return parts ? (parts[1] === "https" ? "wss://" : "ws://") + parts[2] : "";
  }

  function voicenterMonitor() {
    this.onConnect = null;
    this.onDisconnect = null;
    this.onLoginResponse = null;
    this.onLoginStatus = null;
    this.onAllExtensionsEvent = null;
    this.onExtensionEvent = null;
    this.onQueueEvent = null;
    this.onDialerEvent = null;
    this._socket = null;
    this._wanted = false;
    this._failures = 0;
    this._retry = null;
  }

  function tell(monitor, name, args) {
    var callback = monitor[name];
    if (typeof callback === "function") {
      callback.apply(monitor, args);
    }
  }

  var EVENTS = {
    loginResponse: function (monitor, data) { tell(monitor, "onLoginResponse", [data.ErrorCode, data.ErrorDesc]); },
    loginStatus: function (monitor, data) { tell(monitor, "onLoginStatus", [data]); },
    AllExtensionsStatus: function (monitor, data) { tell(monitor, "onAllExtensionsEvent", [data]); },
    ExtensionEvent: function (monitor, data) { tell(monitor, "onExtensionEvent", [data]); },
    QueueEvent: function (monitor, data) { tell(monitor, "onQueueEvent", [data]); },
    DialerEvent: function (monitor, data) { tell(monitor, "onDialerEvent", [data]); },
    ExtensionsUpdated: function (monitor) { monitor._emit("resync", { cache: false }); }
  };

  voicenterMonitor.prototype.connect = function () {
    var monitor = this;
    this._wanted = true;
    // Never before the page has set its callbacks.
    window.setTimeout(function () { monitor._open(); }, 0);
  };

  voicenterMonitor.prototype.disconnect = function () {
    this._wanted = false;
    window.clearTimeout(this._retry);
    if (this._socket) {
      this._socket.close();
    }
  };

  voicenterMonitor.prototype.loginUserCode = function (code) {
    this._emit("loginUserCode", { code: code });
  };

  voicenterMonitor.prototype._emit = function (name, payload) {
    if (this._socket && this._socket.readyState === 1) {
      this._socket.send("42" + JSON.stringify([name, payload]));
    }
  };

  voicenterMonitor.prototype._open = function () {
    var monitor = this, connected = false, heard = false, ended = false, pings = null;
    if (!this._wanted) {
      return;
    }
    var socket = new window.WebSocket(base() + "/socket.io/?EIO=3&transport=websocket");
    this._socket = socket;
    socket.onmessage = function (message) {
      var text = String(message.data);
      heard = true;
      if (text.charAt(0) === "0") {
        var open = JSON.parse(text.substring(1));
        pings = window.setInterval(function () { socket.send("2"); }, open.pingInterval);
      } else if (text === "40") {
        connected = true;
        monitor._failures = 0;
        tell(monitor, "onConnect", [0]);
      } else if (text.substring(0, 2) === "42") {
        var event = JSON.parse(text.substring(2));
        if (EVENTS.hasOwnProperty(event[0])) {
          EVENTS[event[0]](monitor, event[1]);
        }
      }
    };
    socket.onclose = end;
    // Some give no close after an error.
    socket.onerror = function () { window.setTimeout(end, 0); };

    function end() {
      if (ended) {
        return;
      }
      ended = true;
      window.clearInterval(pings);
      monitor._socket = null;
      if (connected) {
        tell(monitor, "onDisconnect", []);
      } else {
        // Something answered and let us go, or nothing did.
        tell(monitor, "onConnect", [heard ? 2 : 1]);
      }
      if (monitor._wanted) {
        monitor._failures += 1;
        var pause = Math.min(monitor._failures * STEP_MS, LONGEST_MS);
        monitor._retry = window.setTimeout(function () { monitor._open(); }, pause);
      }
    }
  };

  window.voicenterMonitor = voicenterMonitor;

  var called = false;
  function load(hook) {
    if (!called && typeof hook === "function") {
      called = true;
      window.setTimeout(hook, 0);
    }
  }
  var hook = window.voicenterAsyncLoad;
  load(hook);
  if (!called) {
    // The page sets it after this script: it is called as soon as it does.
    try {
      Object.defineProperty(window, "voicenterAsyncLoad", {
        configurable: true,
        enumerable: true,
        get: function () { return hook; },
        set: function (value) { hook = value; load(value); }
      });
    } catch (ignored) {
      // A browser that does not let a page's globals be watched: looked at once the page is there.
    }
    if (document && document.addEventListener) {
      document.addEventListener("DOMContentLoaded", function () { load(window.voicenterAsyncLoad); });
    }
  }
})(this);
