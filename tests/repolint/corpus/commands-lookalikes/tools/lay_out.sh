#!/bin/bash
mkdir -p daily
cat > daily/begin.sh <<'EOF'
#!/bin/bash
echo begun
EOF
chmod +x daily/begin.sh
