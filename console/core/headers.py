"""Headers of every answer: of pages, files, problems and of the API alike."""

_SELF = "'self'"
_POLICY = {
    "default-src": "'none'",
    "script-src": _SELF,
    "style-src": _SELF,
    "img-src": "'self' data:",
    "connect-src": _SELF,
    "font-src": _SELF,
    "form-action": _SELF,
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
}
# Every feature that browsers ask about, but for copying and passkeys.
_FEATURES = (
    "accelerometer",
    "autoplay",
    "bluetooth",
    "browsing-topics",
    "camera",
    "clipboard-read",
    "compute-pressure",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "idle-detection",
    "keyboard-map",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "otp-credentials",
    "payment",
    "picture-in-picture",
    "screen-wake-lock",
    "serial",
    "storage-access",
    "usb",
    "window-management",
    "xr-spatial-tracking",
)

HEADERS = {
    "Content-Security-Policy": "; ".join(
        f"{name} {sources}" for name, sources in _POLICY.items()
    ),
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
